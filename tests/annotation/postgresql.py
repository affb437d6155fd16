"""A PostgreSQL server in a temporary folder, from the programs of Debian's package."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PASSWORD = "swordfish-of-the-test"
_PATIENCE = 120
"""Seconds in which the server must have started or stopped, on a busy machine too."""


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PostgreSQL:
    """Listens on a socket in its folder only, where no port can be taken from it; asks for a
    password."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None
        self._programs = folder
        self._folder = Path(tempfile.mkdtemp(prefix="microtome-postgresql-"))
        self._data = self._folder / "data"
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.getuid() == 0:  # the server refuses to run as root
            for path in (self._folder, password):
                shutil.chown(path, "postgres")
        self._run(
            "initdb", "-D", self._data, "-U", "tester", "-A", "scram-sha-256", "-E", "UTF8",
            "--locale=C.UTF-8", f"--pwfile={password}",
        )  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql://tester:{PASSWORD}@/{database}?host={self._folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -k {self._folder}"
        log = self._folder / "log"
        self._run(
            "pg_ctl", "-D", self._data, "-w", "-t", _PATIENCE, "-l", log, "-o", options, "start"
        )

    def crash(self) -> None:
        """Every process of the server is ended at once; it recovers when it is started again."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", _PATIENCE, "-m", "immediate", "stop")

    def remove(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self, name: str) -> str:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with (self._folder / "output").open("a+") as output:  # a pipe would wait for the server
            done = subprocess.run(
                command,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE + 30,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")
