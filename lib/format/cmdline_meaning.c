/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's arguments are for, of those that are met on boot cards.
 * Documentation/admin-guide of Linux 6.1 (kernel-parameters.txt, serial-console.rst,
 * device-mapper/dm-init.rst), fb/fbcon.rst and filesystems/ubifs.rst beside it;
 * kernel-command-line(7) of systemd, initramfs-tools(7), modprobe(8), RAUC and Plymouth.
 */
#include <stdint.h>
#include <string.h>

#include "base/similar.h"
#include "format/cmdline.h"

static const struct {
	const char *key;
	const char *meaning;
} meanings[] = {
	/* the root file system, and what starts from it */
	{ "root", "where the root file system is" },
	{ "rootwait", "wait for the root device to appear, however long that takes" },
	{ "rootdelay", "wait so many seconds before the root file system is mounted" },
	{ "rootfstype", "file system types to try on the root device" },
	{ "rootflags", "mount options of the root file system" },
	{ "ro", "mount the root file system read-only at first" },
	{ "rw", "mount the root file system writable at once" },
	{ "init", "the first program, instead of /sbin/init" },
	{ "rdinit", "the first program of the initramfs, instead of /init" },
	{ "initrd", "where the initial RAM disk is; U-Boot reads it, too" },
	{ "noinitrd", "do not load the initial RAM disk" },
	{ "nfsroot", "server, path and options of a root file system on NFS" },
	{ "ip", "address of the network interface before the root is mounted" },
	{ "BOOTIF", "for the initramfs: the network interface that was booted from" },
	{ "ramdisk_size", "size of RAM disks in KiB" },
	{ "resume", "the partition that holds a hibernated system" },
	{ "noresume", "do not resume a hibernated system" },
	{ "gpt", "take the GPT although the MBR does not call for it, and its backup if need be" },
	{ "mtdparts", "partitions of raw flash memory" },
	{ "ubi.mtd", "attach a flash partition to UBI" },
	{ "mem", "use this much memory, or no more than this" },
	{ "blkdevparts", "partitions of block devices, instead of their tables" },

	/* what is seen of it */
	{ "console", "a console for the kernel's messages; the last one is /dev/console" },
	{ "earlycon", "messages before the console driver is there" },
	{ "earlyprintk", "messages before any driver is there" },
	{ "keep_bootcon", "keep the early console when the real one takes over" },
	{ "quiet", "few messages on the console" },
	{ "debug", "the kernel's debug messages go to the console, too" },
	{ "loglevel", "messages more important than this go to the console" },
	{ "ignore_loglevel", "all messages go to the console" },
	{ "log_buf_len", "room for the kernel's messages" },
	{ "printk.time", "put a time before each message" },
	{ "printk.devkmsg", "whether programs may write into the kernel's log" },
	{ "initcall_debug", "tell of each driver as it starts, and how long that took" },
	{ "dyndbg", "debug messages of some files or functions" },
	{ "vt.global_cursor_default", "0: no cursor on the screen" },
	{ "consoleblank", "seconds until the text console goes blank; 0: never" },
	{ "fbcon", "the text console on a frame buffer" },
	{ "logo.nologo", "no penguin while it boots" },
	{ "splash", "a boot screen, if a program of the system shows one" },
	{ "video", "mode of a display or frame buffer" },
	{ "no_console_suspend", "keep the console awake during suspend" },

	/* how it runs */
	{ "panic",
	  "seconds until a reboot after a crash of the kernel; 0: none, below 0: at once" },
	{ "oops", "panic: every bug in the kernel is a crash" },
	{ "reboot", "how to restart the board" },
	{ "maxcpus", "how many processors are started at boot, at most" },
	{ "nr_cpus", "how many processors there can be, at most" },
	{ "nosmp", "one processor only" },
	{ "isolcpus", "processors that the scheduler leaves alone" },
	{ "nohz_full", "processors without a timer tick while one task runs" },
	{ "rcu_nocbs", "processors on which no callbacks of RCU run" },
	{ "threadirqs", "interrupts are handled in threads" },
	{ "cpuidle.off",
	  "1: without the cpuidle subsystem, which chooses how deep processors sleep" },
	{ "cpufreq.default_governor", "how the frequency of the processors is chosen, at first" },
	{ "clk_ignore_unused",
	  "leave clocks on that the loader has switched on and no driver asks for" },
	{ "pd_ignore_unused",
	  "leave power domains on that the loader has switched on and no driver asks for" },
	{ "cma", "memory for large contiguous buffers" },
	{ "coherent_pool", "memory for atomic DMA" },
	{ "vmalloc", "address space for vmalloc()" },
	{ "swiotlb", "bounce buffers for DMA" },
	{ "fw_devlink", "how strictly devices wait for those they depend on" },
	{ "deferred_probe_timeout",
	  "seconds until devices no longer wait for what they depend on" },
	{ "driver_async_probe", "drivers that start in parallel" },
	{ "module_blacklist", "modules that are never loaded" },
	{ "modprobe.blacklist", "modules that are not loaded by themselves" },
	{ "nowatchdog", "no detectors of lockups" },
	{ "nokaslr", "the kernel stays at its usual address" },
	{ "mitigations", "protection against faults of processors" },
	{ "lsm", "security modules, in their order" },
	{ "security", "the security module to enable; lsm takes its place" },
	{ "selinux", "1 or 0: SELinux on or off" },
	{ "apparmor", "1 or 0: AppArmor on or off" },
	{ "audit", "1 or 0: auditing on or off" },
	{ "cgroup_disable", "controllers of control groups, or features of them, to switch off" },
	{ "kgdboc", "the console that the kernel debugger uses" },
	{ "kgdbwait", "wait for a debugger" },
	{ "crashkernel", "memory for a kernel that saves a crash" },
	{ "net.ifnames", "0: eth0, wlan0 and so on keep their names" },
	{ "usbcore.autosuspend", "seconds until an idle USB device sleeps; below 0: never" },
	{ "dm-mod.create", "device-mapper devices made at boot" },

	/* what init understands */
	{ "single", "for init: single-user mode" },
	{ "S", "for init: single-user mode" },
	{ "emergency", "for init: a shell and little else" },
	{ "rescue", "for init: single-user mode" },
	{ "systemd.unit", "for systemd: the target to reach" },
	{ "systemd.log_level", "for systemd: how much it logs" },
	{ "systemd.log_target", "for systemd: where it logs to" },
	{ "systemd.show_status", "for systemd: what it shows while it starts" },
	{ "systemd.mask", "for systemd: a unit that is not started" },
	{ "systemd.wants", "for systemd: a unit that is started, too" },
	{ "systemd.volatile", "for systemd: keep changes in memory only" },
	{ "systemd.machine_id", "for systemd: the identity of the machine" },
	{ "fsck.mode", "for systemd: auto, force or skip checks of file systems" },
	{ "fsck.repair", "for systemd: what checks of file systems may mend" },
	{ "rauc.slot", "for RAUC: the slot that was booted" },
};

const char *stmboot_cmdline_meaning(const char *key)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (stmboot_cmdline_same_key(meanings[i].key, key))
			return meanings[i].meaning;
	return NULL;
}

/* Arguments of the kernel, or of programs in an initramfs, that are like one of those above. */
static const char *const others[] = { "conmode", "debugfs", "nosmap", "nosmep", "nosmt", "rootfs" };

enum { FEWEST_LETTERS = 4, MANY_LETTERS = 6 };

static bool is_another(const char *key)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (stmboot_cmdline_same_key(others[i], key))
			return true;
	return false;
}

/*
 * By how many letters a key differs from one that may be meant, else SIZE_MAX. Nobody
 * mistypes the first letter, nor two for two others; but such words are often others.
 */
static size_t farness(const char *key, const char *known)
{
	const size_t length = strlen(known);
	size_t far;

	if ((key[0] | 0x20) != (known[0] | 0x20) || length < FEWEST_LETTERS ||
	    strchr(known, '.') != NULL)
		return SIZE_MAX;
	far = sb_distance(key, known);
	return far < 2 || strlen(key) != length ? far : SIZE_MAX;
}

const char *sb_cmdline_meant(const char *key)
{
	const size_t length = strlen(key);
	size_t nearest = length < MANY_LETTERS ? 2 : 3; /* nearer than that */
	const char *meant = NULL;

	if (length < FEWEST_LETTERS || strchr(key, '.') != NULL || is_another(key) ||
	    stmboot_cmdline_meaning(key) != NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		size_t far = farness(key, meanings[i].key);

		if (far < nearest) {
			nearest = far;
			meant = meanings[i].key;
		}
	}
	return meant;
}
