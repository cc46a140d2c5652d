/* SPDX-License-Identifier: MIT */
/* A filter of system calls: see Documentation/userspace-api/seccomp_filter.rst of Linux. */
#include "wall_filter.h"

#ifdef WALL_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wall.h"

#ifdef WALL_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#endif

#ifdef MACHINE

#define ALLOW      SECCOMP_RET_ALLOW
#define KILL       SECCOMP_RET_KILL_PROCESS
#define FAIL(with) (SECCOMP_RET_ERRNO | (with))

enum { MOST_INSTRUCTIONS = 512 };

struct program {
	struct sock_filter at[MOST_INSTRUCTIONS];
	unsigned short count;
};

static void emit(struct program *p, int code, unsigned k, unsigned yes, unsigned no)
{
	if (p->count < MOST_INSTRUCTIONS)
		p->at[p->count++] = (struct sock_filter){ (unsigned short)code, (unsigned char)yes,
							  (unsigned char)no, k };
}

static void give(struct program *p, unsigned what)
{
	emit(p, BPF_RET | BPF_K, what, 0, 0);
}

/* Of arguments only the low half is looked at: all that are looked at are of 32 bits. */
static void load_argument(struct program *p, int number)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * (size_t)number;

	emit(p, BPF_LD | BPF_W | BPF_ABS,
	     (unsigned)(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? at + 4 : at), 0, 0);
}

/* What is emitted up to end_call() is for this call, and gives something in any case. */
static unsigned short begin_call(struct program *p, int call)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 0);
	return (unsigned short)(p->count - 1);
}

static void end_call(struct program *p, unsigned short begin)
{
	p->at[begin].jf = (unsigned char)(p->count - begin - 1);
}

static void give_for_all(struct program *p, const int *calls, size_t count, unsigned what)
{
	for (size_t i = 0; i < count; i++) {
		unsigned short begin = begin_call(p, calls[i]);

		give(p, what);
		end_call(p, begin);
	}
}

/* An argument must be one of these. */
static void allow_values(struct program *p, int call, int number, const unsigned *values,
			 size_t count, unsigned otherwise)
{
	unsigned short begin = begin_call(p, call);

	load_argument(p, number);
	for (size_t i = 0; i < count; i++) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
		give(p, ALLOW);
	}
	give(p, otherwise);
	end_call(p, begin);
}

/* An argument must have none of these bits. */
static void forbid_bits(struct program *p, int number, unsigned bits, unsigned otherwise)
{
	load_argument(p, number);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	give(p, otherwise);
}

static void allow_without(struct program *p, int call, int number, unsigned bits,
			  unsigned otherwise)
{
	unsigned short begin = begin_call(p, call);

	forbid_bits(p, number, bits, otherwise);
	give(p, ALLOW);
	end_call(p, begin);
}

/* Calls of one list are of one kind on all machines; those that a machine lacks are left out. */
static const int harmless[] = {
	__NR_read,
	__NR_pread64,
	__NR_lseek,
	__NR_close,
	__NR_fstat,
#ifdef __NR__llseek
	__NR__llseek,
#endif
#ifdef __NR_fstat64
	__NR_fstat64,
#endif
#ifdef __NR_newfstatat
	__NR_newfstatat,
#endif
#ifdef __NR_fstatat64
	__NR_fstatat64,
#endif
#ifdef __NR_stat
	__NR_stat,
#endif
#ifdef __NR_stat64
	__NR_stat64,
#endif
	__NR_statx,
	__NR_brk,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_exit,
	__NR_exit_group,
	__NR_rt_sigreturn,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
#ifdef __NR_sigreturn
	__NR_sigreturn,
#endif
	__NR_restart_syscall,
	__NR_futex,
#ifdef __NR_futex_time64
	__NR_futex_time64,
#endif
	__NR_getrandom,
	__NR_clock_gettime,
#ifdef __NR_clock_gettime64
	__NR_clock_gettime64,
#endif
	__NR_gettimeofday,
#ifdef __NR_time
	__NR_time,
#endif
	__NR_getpid,
	__NR_getppid, /* by libuuid */
	__NR_gettid,
	__NR_getuid,
	__NR_geteuid,
#ifdef __NR_getuid32
	__NR_getuid32,
	__NR_geteuid32,
#endif
	__NR_sysinfo, /* by qsort() */
	__NR_uname,
	__NR_sched_yield,
};

static const int reading[] = {
	__NR_readlinkat,
#ifdef __NR_readlink
	__NR_readlink,
#endif
	__NR_getdents64, __NR_getxattr,   __NR_lgetxattr,  __NR_fgetxattr,
	__NR_listxattr,  __NR_llistxattr, __NR_flistxattr,
#ifdef __NR_lstat
	__NR_lstat,
#endif
#ifdef __NR_fadvise64
	__NR_fadvise64,
#endif
};

static const int writing[] = {
	__NR_openat,
#ifdef __NR_open
	__NR_open,
#endif
	__NR_pwrite64,    __NR_write,           __NR_ftruncate,
#ifdef __NR_ftruncate64
	__NR_ftruncate64,
#endif
	__NR_fallocate,   __NR_copy_file_range, __NR_fsync,     __NR_fdatasync,
	__NR_flock,       __NR_mkdirat,
#ifdef __NR_mkdir
	__NR_mkdir,
#endif
	__NR_symlinkat,   __NR_linkat,          __NR_mknodat,   __NR_unlinkat,
#ifdef __NR_unlink
	__NR_unlink,
#endif
#ifdef __NR_rename
	__NR_rename,
#endif
#ifdef __NR_renameat
	__NR_renameat,
#endif
	__NR_renameat2,   __NR_fchmod,          __NR_fchmodat,
#ifdef __NR_chmod
	__NR_chmod,
#endif
	__NR_fchownat,    __NR_utimensat,       __NR_fsetxattr, __NR_setxattr,
	__NR_statfs,      __NR_fstatfs,         __NR_umask,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Linux runs a filter in advance for every call that there is, to remember those
 * that are always allowed. For a program of few calls that takes far longer than
 * all its calls: 0.1 ms. It gives up at an instruction that it does not follow.
 */
static void begin_program(struct program *p)
{
	emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	give(p, KILL);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	/* No call at all: a tracer puts it in the place of one that it lets fail. */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)-1, 0, 1);
	give(p, ALLOW);
#ifdef __x86_64__
	/* the same calls with pointers of 32 bits */
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
	give(p, KILL);
#endif
}

/* Memory that is no file's, and holds no code. */
static void add_memory(struct program *p)
{
#ifdef __NR_mmap2
	unsigned short begin = begin_call(p, __NR_mmap2);
#else
	unsigned short begin = begin_call(p, __NR_mmap);
#endif

	forbid_bits(p, 2, PROT_EXEC, KILL);
	load_argument(p, 4);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)-1, 0, 1);
	give(p, ALLOW);
	give(p, FAIL(EACCES));
	end_call(p, begin);
	allow_without(p, __NR_mprotect, 2, PROT_EXEC, KILL);
}

/* The image itself may be open for writing, by who is outside: no other file may be written. */
static void add_output(struct program *p, const struct wall_rights *rights)
{
	static const unsigned streams[] = { STDOUT_FILENO, STDERR_FILENO };
	const unsigned file = (unsigned)rights->file, channel = (unsigned)rights->channel;
	static const int calls[] = { __NR_pwrite64, __NR_fallocate, __NR_ftruncate,
#ifdef __NR_ftruncate64
				     __NR_ftruncate64
#endif
	};

	allow_values(p, __NR_write, 0, streams, COUNT(streams), KILL);
	allow_values(p, __NR_writev, 0, streams, COUNT(streams), KILL);
	allow_values(p, __NR_sendto, 0, &channel, 1, KILL);
	allow_values(p, __NR_recvfrom, 0, &channel, 1, KILL);
#ifdef __NR_send
	allow_values(p, __NR_send, 0, &channel, 1, KILL);
	allow_values(p, __NR_recv, 0, &channel, 1, KILL);
#endif
	if (rights->file == WALL_ANY_FILE)
		give_for_all(p, calls, COUNT(calls), ALLOW);
	else if (rights->file != WALL_NO_FILE)
		for (size_t i = 0; i < COUNT(calls); i++)
			allow_values(p, calls[i], 0, &file, 1, KILL);
}

/* None that gives a file another number: numbers are what add_output() goes by. */
static void add_descriptors(struct program *p)
{
	static const unsigned requests[] = { F_GETFD, F_SETFD, F_GETFL };

	allow_values(p, __NR_fcntl, 1, requests, COUNT(requests), KILL);
#ifdef __NR_fcntl64
	allow_values(p, __NR_fcntl64, 1, requests, COUNT(requests), KILL);
#endif
}

static void add_questions(struct program *p)
{
	static const unsigned requests[] = { TCGETS, TIOCGWINSZ, (unsigned)BLKGETSIZE64 };
	const unsigned itself = (unsigned)getpid(), zero = 0;

	allow_values(p, __NR_ioctl, 1, requests, COUNT(requests), FAIL(ENOTTY));
	allow_values(p, __NR_prlimit64, 0, &zero, 1, KILL);
	/* of abort() */
	allow_values(p, __NR_tgkill, 0, &itself, 1, KILL);
}

/* What libraries read when they find it, such as the C library its time zones. */
static void add_opening(struct program *p, enum wall_gate gate)
{
	const unsigned changing = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

	if (gate == WALL_GATE_READS)
		allow_without(p, __NR_openat, 2, changing, FAIL(EACCES));
	else
		give_for_all(p, &(int){ __NR_openat }, 1, FAIL(EACCES));
#ifdef __NR_open
	if (gate == WALL_GATE_READS)
		allow_without(p, __NR_open, 1, changing, FAIL(EACCES));
	else
		give_for_all(p, &(int){ __NR_open }, 1, FAIL(EACCES));
#endif
	give_for_all(p, (const int[]){ __NR_readlinkat }, 1, FAIL(EACCES));
}

static void fill(struct program *p, const struct wall_rights *rights)
{
	begin_program(p);
	give_for_all(p, harmless, COUNT(harmless), ALLOW);
	if (rights->gate != WALL_GATE_SHUT)
		give_for_all(p, reading, COUNT(reading), ALLOW);
	if (rights->gate == WALL_GATE_WRITES) {
		give_for_all(p, writing, COUNT(writing), ALLOW);
		give_for_all(p, &(int){ __NR_ioctl }, 1, ALLOW);
	}
	add_memory(p);
	add_output(p, rights);
	add_descriptors(p);
	add_questions(p);
	add_opening(p, rights->gate);
	give(p, KILL);
}

const char *wall_filter_missing(void)
{
	/* Its own system calls would be those of the program. */
	if (RUNNING_ON_VALGRIND)
		return "under valgrind";
	/* Without a filter this fails, and says whether one would be looked at: seccomp(2). */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT)
		return NULL;
	return "the kernel has no seccomp";
}

void wall_filter_apply(const struct wall_rights *rights)
{
	struct program p = { .count = 0 };
	const struct sock_fprog all = { .filter = p.at };
	struct sock_fprog program = all;

	fill(&p, rights);
	program.len = p.count;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#define HAVE_FILTER
#else
#define WALL_WITHOUT "the system calls of this processor are not known"
#endif
#endif

#ifndef HAVE_FILTER

const char *wall_filter_missing(void)
{
	return WALL_WITHOUT;
}

void wall_filter_apply(const struct wall_rights *rights)
{
	(void)rights;
}

#endif
