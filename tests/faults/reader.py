"""What a reader sees, judged with nothing but the standard library: none of our code is asked whether it is right.

    reader.py verify PUBLISHED     exits 0 when every byte of every release in the chain is what it should be
    reader.py current PUBLISHED    prints the release that `current.json` leads to
    reader.py list PUBLISHED       prints every release of the chain, the last one first

It starts in a few hundredths of a second, so that a thousand of it can run while releases are made.
"""

import hashlib
import json
import os
import sys


class Wrong(Exception):
    """Something that a reader can reach is not what it should be."""


def read(root: str, path: str) -> bytes:
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read()
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None


def expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise Wrong(what)


def chain(root: str):
    """Each manifest with its name, from the one `current.json` leads to back to the first."""
    pointer = json.loads(read(root, "current.json"))
    name, digest, seq = pointer["release"], pointer["sha256"], pointer["seq"]
    while True:
        data = read(root, f"releases/{name}/manifest.json")
        expect(hashlib.sha256(data).hexdigest() == digest, f"{name}: not the manifest that was promised")
        manifest = json.loads(data)
        expect(name == f"{seq:06d}-{digest[:8]}" and manifest["seq"] == seq, f"{name}: not its number and hash")
        yield name, manifest
        if manifest["previous"] is None:
            return expect(seq == 1, f"{name}: the chain ends before the first release")
        name, digest, seq = manifest["previous"]["release"], manifest["previous"]["manifest_sha256"], seq - 1


def verify(root: str) -> None:
    """Wrong at the first thing that is not as it should be."""
    seen: dict[str, str] = {}
    for name, manifest in chain(root):
        for dataset in manifest["datasets"]:
            folder = f"datasets/{dataset['name']}/{dataset['version']}"
            listed = {file["path"]: file for file in dataset["files"]}
            known = json.dumps(dataset["files"])
            expect(seen.setdefault(folder, known) == known, f"{name}: {folder} is another one than later releases say")
            there = {f"{folder}/{entry}" for entry in os.listdir(os.path.join(root, folder))}
            expect(there == set(listed), f"{folder}: holds {sorted(there ^ set(listed))}")
            for path, file in listed.items():
                digest = hashlib.sha256(read(root, path))
                expect(digest.hexdigest() == file["sha256"], f"{path}: not the bytes that were released")
                blob = os.path.join(root, "blobs/sha256", file["sha256"][:2], file["sha256"])
                expect(os.path.getsize(blob) == file["bytes"], f"{path}: not in blobs")
            lines = read(root, f"{folder}/SHA256SUMS").decode().splitlines()
            sums = {f"{folder}/{line.split('  ', 1)[1]}": line[:64] for line in lines}
            promised = {path: file["sha256"] for path, file in listed.items() if not path.endswith("/SHA256SUMS")}
            expect(sums == promised, f"{folder}/SHA256SUMS: not the manifest's sums")


if __name__ == "__main__":
    try:
        if sys.argv[1] == "verify":
            verify(sys.argv[2])
        else:
            names = [name for name, _ in chain(sys.argv[2])]
            print(*names[: 1 if sys.argv[1] == "current" else None], sep="\n")
    except (Wrong, OSError, ValueError, KeyError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
        sys.exit(1)
