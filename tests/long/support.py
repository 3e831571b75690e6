"""What several of these commands need: a server, a PostgreSQL, senders with a ledger. It is no command itself."""
import hashlib, http.client, json, os, pathlib, shutil, signal, socket, subprocess, tempfile, threading, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "Bearer of the drill"
# Copies of a database are opened with it, wherever they lie.
MASTER_KEY = "ZHJpbGxkcmlsbGRyaWxsZHJpbGxkcmlsbGRyaWxsZHI="
IS_ROOT = os.geteuid() == 0


def need(program, package):
    """Installs Debian's package unless the program is there."""
    if shutil.which(program) or (program == "initdb" and pg_bin()):
        return
    root = [] if IS_ROOT else ["sudo"]
    print(f"== installing {package}")
    subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", *install], check=True, stdout=subprocess.DEVNULL)


def describe():
    """Prints the machine and the sources that figures belong to."""
    text = lambda *command: subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    models = [line.split(": ")[1] for line in open("/proc/cpuinfo") if line.startswith("model name") and ": " in line]
    folder = tempfile.gettempdir()
    print(f"machine  {os.cpu_count()} cores, {(models or ['?'])[0].strip()}, {text('stat', '-f', '-c', '%T', folder)} at {folder}")
    changed = " with changes" if text("git", "status", "--porcelain", "src", "migrations") else ""
    print(f"commit   {text('git', 'rev-parse', '--short', 'HEAD')}{changed}, {time.strftime('%Y-%m-%d', time.gmtime())}", flush=True)


def program():
    """The program: DOSSIER_BINARY, or a fresh debug build."""
    if "DOSSIER_BINARY" in os.environ:
        return os.path.realpath(os.environ["DOSSIER_BINARY"])
    subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=ROOT, check=True)
    return str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/dossier")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def pg_bin():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return found[-1] if found else None


class Postgres:
    """A PostgreSQL of its own in this folder, which keeps what is committed."""

    def __init__(self, folder):
        need("initdb", "postgresql")
        self.data, self.port = pathlib.Path(folder) / "data", free_port()
        os.chmod(folder, 0o755)
        self.data.mkdir(mode=0o700)
        if IS_ROOT:
            shutil.chown(self.data, "postgres")
        self.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def run(self, command, *arguments):
        user = ["runuser", "-u", "postgres", "--"] if IS_ROOT else []
        whole = [*user, pg_bin() / command, "-D", self.data, *arguments]
        subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self.run("pg_ctl", "-w", "-l", self.data / "log", "-o", settings, "start")

    def stop(self):
        self.run("pg_ctl", "-m", "immediate", "stop")

    def url(self, database="postgres"):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def ask(self, sql, database="postgres"):
        """The rows, a line each, without trailing newline."""
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", sql]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Server:
    """The program, serving this database. `before` stands before the command."""

    def __init__(self, url, before=()):
        self.url, self.port, self.binary = url, free_port(), program()
        self.environment = {**os.environ, "DATABASE_URL": url, "DOSSIER_BIND": f"127.0.0.1:{self.port}",
                            "DOSSIER_MASTER_KEY": MASTER_KEY}
        self.before = before

    def command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def add_project(self):
        self.command("project", "add", "drill", "--name", "Drill", "--webhook-authorization", SECRET)

    def start(self):
        whole = [*self.before, self.binary]
        self.process = subprocess.Popen(whole, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while self.status("/readyz") != 200:
            assert time.monotonic() < until and self.process.poll() is None, "the server does not get ready"
            time.sleep(0.02)
        return self

    def stop(self, name=signal.SIGTERM):
        self.process.send_signal(name)
        return self.process.wait(30)

    def status(self, path):
        """The status of an answer, or None without one."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def event(number):
    """An event: each customer gets ten of them."""
    name, at = f"buyer-{number // 10}", 1_700_000_000_000 + number * 1000
    return {
        "id": f"run-{number}", "type": "RENEWAL", "event_timestamp_ms": at, "app_user_id": name, "original_app_user_id": name,
        "aliases": [name], "store": "APP_STORE", "environment": "PRODUCTION", "product_id": "monthly", "period_type": "NORMAL",
        "entitlement_ids": ["pro"], "purchased_at_ms": at, "expiration_at_ms": at + 2_592_000_000, "price": 1,
        "transaction_id": f"t-{number}", "original_transaction_id": f"o-{number // 10}",
    }


def key(number):
    """By what the database knows an event: `events.event_key`."""
    return hashlib.sha256(event(number)["id"].encode()).digest()[:15]


class Sender:
    """Delivers events on one connection, which it opens again when it breaks."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def deliver(self, number):
        """The status of the answer when all of it came, else None."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            body = json.dumps({"api_version": "1.0", "event": event(number)})
            self.connection.request("POST", "/webhooks/revenuecat/drill", body, {"authorization": SECRET})
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None


class Load:
    """Senders that deliver events until they are stopped. `acknowledged` is the ledger."""

    def __init__(self, port, senders=8):
        self.acknowledged, self.answers, self.next, self.lock = set(), [], 0, threading.Lock()
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(Sender(port),), daemon=True) for _ in range(senders)]
        for thread in self.threads:
            thread.start()

    def work(self, sender):
        again = None
        while not self.is_over.is_set():
            if again is None:
                with self.lock:
                    again, self.next = self.next, self.next + 1
            status = sender.deliver(again)
            with self.lock:
                self.answers.append((time.monotonic(), status))
                if status == 200:
                    self.acknowledged.add(again)
            if status == 200:
                again = None
            else:
                time.sleep(0.1)

    def so_far(self):
        with self.lock:
            return set(self.acknowledged)

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        return self.acknowledged


def spread(values, unit):
    """Minimum, median, p99 and maximum."""
    values = sorted(values)
    at = lambda share: values[min(len(values) * share // 100, len(values) - 1)]
    return f"at least {at(0):.0f}, median {at(50):.0f}, p99 {at(99):.0f}, at most {at(100):.0f} {unit}"
