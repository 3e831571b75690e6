"""The program, for the clients to call: started on a free port with a database of its own."""

import os
import socket
import subprocess
import tempfile
import time
import urllib.request

BINARY = os.environ["DOSSIER_BINARY"]


class Program:
    """A running program. A subclass says how it is made ready, and with which words it is started."""

    words = ()

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "DATABASE_URL": f"sqlite:{self.folder.name}/dossier.db",
                    "DOSSIER_BIND": f"127.0.0.1:{self.port}", "DOSSIER_LOG": "warn"}
        self.prepare()
        self.output = os.path.join(self.folder.name, "output")
        with open(self.output, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen([BINARY, *self.words], env=self.env, stdout=output)
        self.wait()

    def prepare(self):
        pass

    def run(self, *words):
        done = subprocess.run([BINARY, *words], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def wait(self):
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError("the server has ended")
            try:
                with urllib.request.urlopen(f"{self.address}/readyz") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server did not get ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()
