#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stmboot ended, or failing, at each system call of an edit, or of making a file.

Each run of a command has one fault: it is killed before a system call, or the
call fails, once or from then on. Afterwards
 - reading sees the edit done, or not done, and changes nothing;
 - "recover" makes the image what was seen, byte for byte, and leaves no file
   beside it; so does the next edit; an undo then takes the edit back;
 - exit status 0 means that the edit is done, and 2 comes with one line that
   says why and with what became of the image.

usage: faults.py STMBOOT [--every N] [--seed N] [KIND...]

With --every N only each N-th fault is tried; the seed says which. Exits 77
(skipped) where strace cannot be used.
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import sys
import tempfile

import calls
import kinds

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), area) for area in ("cli", "rules")]

import program  # noqa: E402

import containers  # noqa: E402

from image import stm32_image  # noqa: E402

PULLED_CARD = os.path.join(os.path.dirname(HERE), "rules", "pulled-card")
JOBS = 2
WORDS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}

# What goes into an image. In the package something follows the image that is replaced.
FILES = {kinds.LOADER: stm32_image(b"U-Boot SPL 2024.01\0" + bytes(3000)),
         kinds.PACKAGE: containers.fip([(containers.NT_FW, b"U-Boot 2023.10 \0" + bytes(3000)),
                                        (containers.TOS_FW, b"\x5a" * 3000)]),
         kinds.UBOOT: b"U-Boot 2024.07 \0" + b"\xa5" * 4000}


class Wrong(Exception):
    """What must not be."""


def check(holds, text):
    """Say what is wrong unless it holds."""
    if not holds:
        raise Wrong(text)


class Scene:
    """An image with what lies beside it, and a directory for undo records."""

    def __init__(self, directory, kind, image):
        self.root, self.kind = directory, kind
        self.log = os.path.join(directory, "strace.log")
        self.work = os.path.join(directory, "work")
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8",
                    "SOURCE_DATE_EPOCH": "1700000000",
                    "STMBOOT_STATE_DIR": os.path.join(self.work, "state")}
        self.files = {}
        for name, data in FILES.items():
            self.files[name] = os.path.join(directory, name)
            with open(self.files[name], "wb") as f:
                f.write(data)
        if kind.damage is not None:
            image = image[:kind.damage] + bytes(512) + image[kind.damage + 512:]
        self.restore({kinds.IMAGE: image})
        for command in kind.before:
            self.must(command)
        if kind.interrupted:
            self.interrupt(kind.interrupted)
        self.start = self.content()

    def path(self, name):
        """A path in the directory of the image."""
        return os.path.join(self.work, name)

    def content(self):
        """All files below the directory."""
        found = {}
        for folder, _, names in os.walk(self.work):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, self.work)] = f.read()
        return found

    def restore(self, content):
        """Make the directory hold these files and no other."""
        for folder, folders, names in os.walk(self.work, topdown=False):
            for name in names:
                if os.path.relpath(os.path.join(folder, name), self.work) not in content:
                    os.remove(os.path.join(folder, name))
            for name in folders:
                if not os.listdir(os.path.join(folder, name)):
                    os.rmdir(os.path.join(folder, name))
        for name, data in content.items():
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            with open(self.path(name), "wb") as f:
                f.write(data)

    def words(self, arguments):
        """A command with paths."""
        places = {kinds.IMAGE: self.path(kinds.IMAGE), kinds.COPY: self.path(kinds.COPY),
                  **self.files}
        return [program.stmboot, "--json", *(places.get(word, word) for word in arguments)]

    def run(self, arguments):
        """Run stmboot without a fault."""
        return program.subprocess.run(self.words(arguments), env=self.env, check=False,
                                      stdin=program.subprocess.DEVNULL, capture_output=True,
                                      timeout=60)

    def must(self, arguments):
        """Run stmboot, which must succeed; what it printed."""
        done = self.run(arguments)
        check(done.returncode == 0,
              f"{arguments[0]}: exit {done.returncode}, {done.stderr.decode().strip()}")
        return done.stdout

    def record(self, command):
        """The system calls of a command."""
        return calls.record(self.log, self.words(command), self.env, self.path(kinds.IMAGE))

    def interrupt(self, command):
        """End a command after it wrote one place of several."""
        before = self.content()
        made = self.record(command)
        self.restore(before)
        after = [name for name, _ in made].index("rename")
        writes = [call for call in made[after:] if call[0] == "pwrite64"]
        calls.inject(self.log, self.words(command), self.env, calls.Fault(*writes[1], calls.KILL, 1))

    def view(self):
        """What a reading command says of the file that the edit changes."""
        if self.kind.file not in os.listdir(self.work):
            return None
        said = self.must([*self.kind.view, self.kind.file])
        if self.kind.view != ["inspect"] or self.kind.reads:
            return said
        return json.loads(said)["partitions"]  # the rest also tells of the log beside the image


def beside(content):
    """The names of the files that are no undo records."""
    return sorted(name for name in content if not name.startswith("state/undo/"))


class Proof:
    """A kind of edit with its two ends, and what must hold after each fault."""

    def __init__(self, directory, kind, image):
        self.kind, self.scene = kind, Scene(directory, kind, image)
        self.made = self.scene.record(kind.command)
        self.end = {"new": self.finished(self.scene.content())}
        self.end["old"] = self.finished(self.scene.start)
        self.then = {}
        if kind.file == kinds.IMAGE:
            for name, end in self.end.items():
                self.scene.restore(end)
                self.scene.must(kinds.NEXT)
                self.then[name] = self.scene.content()[kind.file]
        self.views = {}
        for name, end in self.end.items():
            self.scene.restore(end)
            self.views[name] = self.scene.view()

    def finished(self, content):
        """What is there once what was interrupted is finished."""
        self.scene.restore(content)
        if self.kind.file == kinds.IMAGE:
            self.scene.must(["recover", kinds.IMAGE])
        return self.scene.content()

    def is_end(self, content, name):
        """Is the file that is changed what it is at that end?"""
        return content.get(self.kind.file) == self.end[name].get(self.kind.file)

    def seen(self, content):
        """Which end a reader sees; it must see one, and write nothing."""
        view = self.scene.view()
        found = [name for name in ("old", "new") if self.views[name] == view]
        check(found, f"a reader sees neither: {view}")
        check(self.scene.content() == content, "reading changed something")
        return found

    def is_steady(self):
        """Does a run still make the calls that were recorded?"""
        self.scene.restore(self.scene.start)
        return self.scene.record(self.kind.command) == self.made

    def judge_status(self, fault, done, content):
        """Which ends the exit status and the words allow."""
        if fault.error == calls.KILL and done.returncode != 2:
            return ["old", "new"]
        if fault.error == calls.KILL:
            return self.judge_json(done.stdout, content)
        said = done.stderr.decode(errors="replace")
        if done.returncode == 0:
            check(self.is_end(content, "new"), "exit 0, but the edit is not done")
            check(beside(content) == beside(self.end["new"]), "exit 0, but a file is left")
            return ["new"]
        check(done.returncode == 2, f"exit {done.returncode}: {said}")
        check(fault.error != "EINTR", f"an interrupted call is no failure: {said}")
        if fault.call == "write" and fault.times == 0 and not said:
            return ["new"]  # nothing can be said any more
        check(re.fullmatch(r"stmboot: [^\n]+\n", said), f"exit 2 with {said!r}")
        check(WORDS[fault.error].lower() in said.lower(), f"the words do not say why: {said}")
        if fault.call == "write":  # to the standard output
            check(self.kind.reads or "done" in said or self.end["old"] == self.end["new"],
                  f"the words do not say that the edit is done: {said}")
            return ["new"]
        return self.judge_json(done.stdout, content)

    def judge_json(self, text, content):
        """Which ends the state allows."""
        error = json.loads(text)
        schema = error["schema"].removeprefix("stmboot.").removesuffix("/1")
        check(schema == "error" or error.get("failed"), f"exit 2 with {error}")
        bad = [e.message for e in program.schema(schema).iter_errors(error)]
        check(not bad, f"{bad}: {error}")
        if self.kind.reads:
            return [name for name in ("old", "new") if self.is_end(content, name)]
        if error["state"] == "unchanged":
            check(self.kind.interrupted or self.is_end(content, "old"), f"not unchanged: {error}")
            return ["old"]
        check(error["state"] in ("done", "pending"), f"no state: {error}")
        return ["old", "new"] if self.kind.interrupted else ["new"]

    def judge(self, fault):
        """Let a run fail, and look at what is left."""
        self.scene.restore(self.scene.start)
        done = calls.inject(self.scene.log, self.scene.words(self.kind.command), self.scene.env,
                            fault)
        content = self.scene.content()
        possible = self.judge_status(fault, done, content)
        seen = [name for name in self.seen(content) if name in possible]
        check(seen, f"a reader sees the other one: {done.stdout.decode()}")
        if self.kind.file == kinds.COPY:
            self.judge_copy(content, seen[0])
        else:
            self.judge_image(content, seen[0], fault)

    def judge_copy(self, content, seen):
        """The copy is there or not, the image is as it was, and the next run tidies up."""
        check(self.is_end(content, seen), "the copy is incomplete")
        check(content[kinds.IMAGE] == self.scene.start[kinds.IMAGE], "the image was changed")
        self.scene.must(self.kind.command)
        after = self.scene.content()
        check(self.is_end(after, "new"), "another run makes another copy")
        check(beside(after) == beside(self.end["new"]), f"left over: {beside(after)}")

    def judge_image(self, content, seen, fault):
        """Recover, take back, and the other way, go on with the next edit."""
        self.scene.must(["recover", kinds.IMAGE])
        after = self.scene.content()
        check(self.is_end(after, seen), f"after recover it is not {seen}")
        check(beside(after) == [kinds.IMAGE], f"left over after recover: {beside(after)}")
        if seen == self.kind.undone:
            self.judge_undo(after, seen, fault)
        self.scene.restore(content)
        self.scene.must(kinds.NEXT)
        after = self.scene.content()
        check(after[kinds.IMAGE] == self.then[seen], f"the next edit does not build on {seen}")
        check(beside(after) == [kinds.IMAGE], f"left over after an edit: {beside(after)}")

    def judge_undo(self, content, seen, fault):
        """An undo gives the other end; where the record could not be kept it changes nothing."""
        done = self.scene.run(["undo", kinds.IMAGE])
        after = self.scene.content()
        if done.returncode == 0:
            check(self.is_end(after, "old" if seen == "new" else "new"), "undo gives another one")
        else:
            check(fault.error in WORDS, f"no undo: {done.stderr.decode()}")
            check(self.is_end(after, seen), "an undo that failed changed the image")


def prove(directory, kind, image, every, seed):
    """All faults of a kind; how many, and what is wrong."""
    os.mkdir(directory)
    proof = Proof(directory, kind, image)
    faults = [fault for call in proof.made for fault in calls.faults_of(*call)]
    first = random.Random(f"{seed} {kind.name}").randrange(every)
    faults = faults[first::every]
    wrong = []
    for fault in faults:
        try:
            proof.judge(fault)
        except calls.NotReached as e:
            # An edit looks at all loop devices of the machine, and others make and remove some.
            if proof.is_steady():
                wrong.append(f"{kind.name}, {calls.text(fault)}: {e}")
        except (Wrong, RuntimeError, ValueError) as e:
            wrong.append(f"{kind.name}, {calls.text(fault)}: {e}")
    return len(faults), wrong


def run(images, wanted, every, seed):
    """Run all kinds, or those wanted; True when nothing is wrong."""
    memory = "/dev/shm"  # where syncs cost nothing
    total = failed = 0
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as top, \
            concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        chosen = [kind for kind in kinds.KINDS if not wanted or kind.name in wanted]
        done = [pool.submit(prove, os.path.join(top, str(i)), kind, images[kind.pulled], every,
                            seed) for i, kind in enumerate(chosen)]
        for kind, future in zip(chosen, done):
            count, wrong = future.result()
            total, failed = total + count, failed + len(wrong)
            print(f"{count:5} runs, {len(wrong)} wrong: {kind.name}", flush=True)
            print("".join(f"      {line}\n" for line in wrong), end="", flush=True)
    print(f"{total} runs: " + (f"{failed} WRONG" if failed else "every image old or new"))
    return failed == 0


def make_images():
    """The two cards: one as it was made, and one that was pulled out of a running board."""
    images = []
    with tempfile.TemporaryDirectory() as directory:
        config, card = (os.path.join(directory, name) for name in ("config", "card"))
        with open(config, "w", encoding="utf-8") as f:
            f.write(kinds.CONFIG)
        for make in (lambda: program.configured(card, kinds.CONFIG),
                     lambda: program.tools.run(PULLED_CARD, card, config)):
            make()
            with open(card, "rb") as f:
                images.append(f.read())
    return images


def main():
    """Run, or say why not."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[2].removeprefix("usage: "))
    parser.add_argument("stmboot")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("kinds", nargs="*")
    options = parser.parse_args()
    absent = calls.missing()
    if absent:
        print("skipped: " + absent)
        return program.tools.SKIPPED
    program.stmboot = os.path.abspath(options.stmboot)
    if options.every > 1:
        print(f"each {options.every}th fault, seed {options.seed}")
    try:
        images = make_images()
    except program.unittest.SkipTest as e:
        print(f"skipped: {e}")
        return program.tools.SKIPPED
    return 0 if run(images, options.kinds, options.every, options.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
