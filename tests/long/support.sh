# What several of these commands need; they read it with `source`. It is no command itself.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
pg_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

# need PROGRAM PACKAGE: installs Debian's package unless the program is there.
need() {
    command -v "$1" >/dev/null && return
    [ "$1" = initdb ] && [ -n "$(pg_bin)" ] && return
    echo "== installing $2"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# The machine and the sources that figures belong to.
describe() {
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo "machine  $(nproc) cores, ${model:-unknown processor}, $(stat -f -c %T "${TMPDIR:-/tmp}") at ${TMPDIR:-/tmp}"
    echo "commit   $(git rev-parse --short HEAD)$(git diff --quiet HEAD -- src migrations || echo ' with changes'), $(date -u +%Y-%m-%d)"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_postgres FOLDER [SETTINGS]: a PostgreSQL of its own in FOLDER/data, which keeps what is committed, with its address in
# PG_URL. stop_postgres FOLDER [MODE] stops it.
start_postgres() {
    need initdb postgresql
    local port
    port=$(free_port)
    chmod 755 "$1"
    install -d -m 700 "$1/data"
    [ "$(id -u)" != 0 ] || chown postgres "$1/data"
    as_postgres "$(pg_bin)/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    PG_OPTIONS="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
    run_postgres "$1"
    export PG_URL="postgres://postgres@127.0.0.1:$port/postgres"
}
run_postgres() { as_postgres "$(pg_bin)/pg_ctl" -w -D "$1/data" -l "$1/data/log" -o "$PG_OPTIONS" start >/dev/null; }
stop_postgres() {
    if [ -f "$1/data/postmaster.pid" ]; then as_postgres "$(pg_bin)/pg_ctl" -D "$1/data" -m "${2:-immediate}" stop >/dev/null || true; fi
}
