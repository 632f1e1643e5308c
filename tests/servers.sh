# shellcheck shell=bash disable=SC2154  # its globals are set by the files around it
# Private RabbitMQ and PostgreSQL servers on loopback: for machines without a container engine, and for tests
# that kill, freeze and restart their servers. Sourced by ../dev, which gives say, die, phase and lock.
#
# A server is a folder .servers/<kind>-<name> with its data, its log and these small files:
#   series   the version that made its data, such as 3.10 or 15
#   port     the first of the ten ports that are its own, chosen once
#   pid      its main process (RabbitMQ deletes its own pid file when it stops)
#   owner    the command that ends it when it ends itself; empty if the server stays
#
# RabbitMQ servers named NAME.node1, NAME.node2 and so on form a cluster. The first is started first; its second port
# is that of the epmd which they share, and which is ended when the last of them is wiped.

servers=$root/.servers
provided=()         # the folders of the servers that this command brought up
launched=''         # the main process of one that does not answer yet

select_server() { # kind, name
    kind=$1 name=$2 dir=$servers/$1-$2
    [[ $kind == rabbitmq || $kind == postgres ]] || die "Unknown kind of server '$kind'. Use rabbitmq or postgres."
    [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || die "Bad server name '$name'. Use letters, digits, '.', '_' and '-'."
    port=$(cat "$dir/port" 2>/dev/null || true)
    series=$(cat "$dir/series" 2>/dev/null || true)
    cluster='' node=rabbit
    if [[ $kind == rabbitmq && $name =~ ^(.+)\.(node[1-9])$ ]]; then cluster=${BASH_REMATCH[1]} node=${BASH_REMATCH[2]}; fi
}

need_server() {
    [ -n "$port" ] || die "There is no $kind server '$name'. Create it with: ./dev server up $kind $name"
}

need_running() { is_running || die "The $kind server '$name' is not running. Start it with: ./dev server up $kind $name"; }

# --- Processes are found by what they carry, not by their parents, so that the orphans of a crash are found too.

# epmd and the port programs leave the session and the process tree, but keep the environment.
rabbitmq_processes() { grep -slzxF "RELIABLEMQ_SERVER=$dir" /proc/[0-9]*/environ | cut -d/ -f3 || true; }

# PostgreSQL writes its titles over the environment, but every backend works in the data folder.
postgres_processes() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $process/cwd -ef $dir/data && $(cat "$process/comm") == postgres ]]; then echo "${process##*/}"; fi
    done 2>/dev/null
}

processes() { "${kind}_processes"; }
main_process() { cat "$dir/pid" 2>/dev/null || true; }
is_running() { [ -s "$dir/pid" ] && grep -qxF "$(main_process)" <<<"$(processes)"; }
is_frozen() { grep -q '^State:[[:space:]]*T' "/proc/$(main_process)/status" 2>/dev/null; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

signal() { # name of a signal
    local pids
    mapfile -t pids < <(processes)
    ((${#pids[@]} == 0)) || kill "-$1" "${pids[@]}" 2>/dev/null || true
}

# Twice: what the main process forked before it stopped is found by the second look.
freeze_server() { signal STOP; signal STOP; }

kill_server() {
    local patience=100
    while signal KILL; [ -n "$(processes)" ]; do sleep 0.02; done
    # A dying process loses its memory, by which it is found, before its sockets.
    while [ -n "$port" ] && listening "$port" && ((patience-- > 0)); do sleep 0.02; done
    "${kind}_forget"
}

stop_server() {
    local patience=600
    signal CONT
    if is_running; then kill "-$("${kind}_stop_signal")" "$(main_process)" || true; fi
    while is_running && ((patience-- > 0)); do sleep 0.1; done
    kill_server     # epmd outlives its node
}

wipe_server() {
    kill_server
    if mountpoint --quiet "$dir/disk"; then umount "$dir/disk" || umount --lazy "$dir/disk"; fi
    rm -rf "$dir"
    [ -z "$cluster" ] || wipe_cluster
}

# --- Starting

# Running and answering afterwards, whatever was before: absent, stopped, crashed, frozen.
server_up() { # kind, name, how it is made where it is not there yet
    select_server "$1" "$2"
    read_making "${@:3}"
    lock "$kind-$name"
    select_server "$1" "$2"
    settle_series
    find_home
    if is_running; then signal CONT; else start_server; fi
    provided+=("$dir")
    unlock
}

# Sets disk (not empty if its databases get a file system of their own) and primary (the server that it follows).
read_making() {
    disk='' primary=''
    while (($# > 0)); do
        case $kind:$1 in
            postgres:--disk) disk=$dir/disk ;;
            postgres:--standby-of) primary=${2:-}; [ -n "$primary" ] || die "'--standby-of' lacks the name of the server to follow."; shift ;;
            *) die "Unknown option '$1' of 'server up $kind'. PostgreSQL has --disk and --standby-of NAME; RabbitMQ has none." ;;
        esac
        shift
    done
}

settle_series() {
    local chosen
    chosen=$(chosen_series)
    [[ -z $series || -z $chosen || $series == "$chosen" ]] ||
        die "The data of $kind server '$name' is of version $series, not $chosen. Remove it with: ./dev server wipe $kind $name"
    : "${series:=$chosen}"
}

start_server() {
    mkdir -p "$dir"
    echo "$series" >"$dir/series"
    [ -n "$port" ] || choose_ports
    kill_server     # what a crash left behind
    ! listening "$port" ||
        die "Port $port of $kind server '$name' is taken by another process. End that, or give up the server's data and port with: ./dev server wipe $kind $name"
    echo "$this_command" >"$dir/owner"
    phase "Starting $(title) on port $port" launch_and_wait
}

# Ten ports in a row, below the range from which the kernel takes ports for outgoing connections. Each checkout
# begins at its own place, so that it seldom meets the stopped servers of another one.
choose_ports() {
    local first=21000 blocks=600 block claimed
    lock ports
    claimed=" $(cat "$servers"/*/port 2>/dev/null | tr '\n' ' ' || true)"
    block=$(($(cksum <<<"$root" | cut -d' ' -f1) % blocks))
    while port=$((first + 10 * block)); [[ $claimed == *" $port "* ]] || any_listening "$port"; do
        block=$(((block + 1) % blocks))
    done
    echo "$port" >"$dir/port"
    unlock
}

any_listening() { # first of ten ports
    local candidate
    for ((candidate = $1; candidate < $1 + 10; candidate++)); do ! listening "$candidate" || return 0; done
    return 1
}

launch_and_wait() {
    local patience=1200
    "${kind}_prepare"
    launch
    until "${kind}_answers"; do
        if ! kill -0 "$launched" 2>/dev/null || ((patience-- == 0)); then
            tail -n 20 "$dir/server.log"
            die "$(title) did not start. Its log: $dir/server.log"
        fi
        sleep 0.1
    done
    launched=''
}

# In a session of its own, so that Ctrl-C does not reach it, and without this script's locks and pipes, for which
# others would wait as long as the server lives.
launch() {
    (
        for descriptor in "/proc/$BASHPID/fd/"*; do
            descriptor=${descriptor##*/}
            if ((descriptor > 2)); then exec {descriptor}>&-; fi
        done
        exec >>"$dir/server.log" 2>&1 </dev/null
        "${kind}_exec"
    ) &
    launched=$!
    disown "$launched"
    echo "$launched" >"$dir/pid"
}

server_status() {
    local state=stopped
    if [ -z "$port" ]; then echo state=absent; return; fi
    if is_running; then state=running; fi
    if is_frozen; then state=frozen; fi
    find_home
    echo "state=$state"
    describe_server
}

describe_server() {
    printf '%s=%s\n' host 127.0.0.1 port "$port"
    "${kind}_describe"
    printf '%s=%s\n' pid "$(! is_running || main_process)" version "$("${kind}_version")"
}

# --- RabbitMQ. Of its ten ports: 0 AMQP, 1 epmd, 2 distribution, 3 management, 4 to 8 command line tools,
# 9 AMQP over TLS where a folder "tls" has the certificates.

rabbitmq_stop_signal() { echo TERM; }
rabbitmq_answers() { listening "$port"; }      # AMQP is the last listener to open
rabbitmq_describe() {
    printf '%s=%s\n' user guest password guest management_port $((port + 3)) tls_port $((port + 9)) node "$node@localhost"
}
rabbitmq_forget() { :; }
rabbitmq_version() { basename "$home"/lib/rabbitmq/lib/rabbitmq_server-* | sed 's/.*-//'; }

rabbitmq_prepare() {
    [[ -z $cluster || -f $(first_node)/port ]] || die "RabbitMQ server '$name' has no cluster to join. Start '$cluster.node1' before."
    mkdir -p "$dir/conf.d"
    if [ ! -f "$dir/.erlang.cookie" ]; then (umask 377 && new_cookie >"$dir/.erlang.cookie"); fi
    echo '[rabbitmq_management].' >"$dir/enabled_plugins"
    cat >"$dir/rabbitmq.conf" <<-END
	listeners.tcp.1 = 127.0.0.1:$port
	management.tcp.ip = 127.0.0.1
	management.tcp.port = $((port + 3))
	vm_memory_high_watermark.absolute = 1GiB
	disk_free_limit.absolute = 50MB
	END
    [ ! -f "$dir/tls/server.pem" ] || cat >>"$dir/rabbitmq.conf" <<-END
	listeners.ssl.1 = 127.0.0.1:$((port + 9))
	ssl_options.cacertfile = $dir/tls/ca.pem
	ssl_options.certfile = $dir/tls/server.pem
	ssl_options.keyfile = $dir/tls/server-key.pem
	ssl_options.verify = verify_peer
	ssl_options.fail_if_no_peer_cert = $([ -f "$dir/tls/mutual" ] && echo true || echo false)
	END
    # What is silent counts as gone after ten seconds instead of sixty, so that tests see it within theirs.
    [ -z "$cluster" ] || cat >>"$dir/rabbitmq.conf" <<-END
	cluster_formation.peer_discovery_backend = classic_config
	cluster_formation.classic_config.nodes.1 = node1@localhost
	cluster_formation.classic_config.nodes.${node#node} = $node@localhost
	cluster_partition_handling = pause_minority
	net_ticktime = 10
	END
}

new_cookie() { if [[ $node == rabbit || $node == node1 ]]; then echo "$RANDOM$RANDOM$RANDOM"; else cat "$(first_node)/.erlang.cookie"; fi; }

first_node() { echo "$servers/rabbitmq-$cluster.node1"; }

# An epmd of its own, so that it outlives each of its nodes.
start_epmd() { RELIABLEMQ_EPMD=$(first_node) epmd -daemon; }

wipe_cluster() {
    local pids
    ! compgen -G "$servers/rabbitmq-$cluster.node*" >/dev/null || return 0
    mapfile -t pids < <(grep -slzxF "RELIABLEMQ_EPMD=$(first_node)" /proc/[0-9]*/environ | cut -d/ -f3)
    ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true
}

# Everything by environment, so that nothing of a RabbitMQ that the machine runs itself is read or written.
rabbitmq_environment() {
    local loopback='-kernel inet_dist_use_interface {127,0,0,1}' epmd_port=$((port + 1))
    [ -z "$cluster" ] || epmd_port=$(($(cat "$(first_node)/port") + 1))
    unset "${!RABBITMQ_@}"
    export HOME=$dir PATH=$home/lib/erlang/bin:$PATH
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$epmd_port RABBITMQ_DIST_PORT=$((port + 2))
    export RABBITMQ_CTL_DIST_PORT_MIN=$((port + 4)) RABBITMQ_CTL_DIST_PORT_MAX=$((port + 8))
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=$loopback RABBITMQ_CTL_ERL_ARGS=$loopback
    export RABBITMQ_NODENAME=$node@localhost RABBITMQ_CONF_ENV_FILE=/dev/null
    export RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf RABBITMQ_ADVANCED_CONFIG_FILE=$dir/advanced.config
    export RABBITMQ_CONFIG_FILES=$dir/conf.d RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins
    export RABBITMQ_MNESIA_BASE=$dir/data RABBITMQ_FEATURE_FLAGS_FILE=$dir/feature_flags
    export RABBITMQ_LOG_BASE=$dir/log RABBITMQ_GENERATED_CONFIG_DIR=$dir/generated RABBITMQ_PID_FILE=$dir/rabbitmq.pid
}

# The scripts under lib, since those in sbin change the user and drop the environment. Under systemd the script
# becomes the server instead of starting it, and so keeps its process id.
rabbitmq_exec() {
    rabbitmq_environment
    [ -z "$cluster" ] || start_epmd
    RELIABLEMQ_SERVER=$dir RUNNING_UNDER_SYSTEMD=true exec setsid "$home/lib/rabbitmq/bin/rabbitmq-server"
}

# The command line tool takes seconds of the processor's time to start, which a busy machine makes minutes, and a
# fault that is healed so late is another one. An expression needs no more than a small program.
rabbitmq_ctl() {
    rabbitmq_environment
    if [[ ${1:-} != eval ]]; then "$home/lib/rabbitmq/bin/rabbitmqctl" "$@"; return; fi
    local answer
    answer=$(erl_call -timeout 60 -sname "$RABBITMQ_NODENAME" -e <<<"$2")
    [[ $answer == '{ok, '* ]] || die "RabbitMQ server '$name' could not evaluate '$2': $answer"
    answer=${answer#'{ok, '}
    echo "${answer%\}}"
}

# --- PostgreSQL

postgres_stop_signal() { echo INT; }
postgres_answers() { "$home/bin/pg_isready" --quiet --host=127.0.0.1 --port="$port"; }
postgres_describe() { printf '%s=%s\n' user postgres password ''; }
postgres_version() { "$home/bin/postgres" --version | cut -d' ' -f3; }

# PostgreSQL refuses to be root. The capability lets it reach a checkout below a closed home folder, the secure bit
# makes that count for access() too.
as_postgres() {
    local user=postgres
    ((EUID == 0)) || exec "$@"
    id -u "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$dir"
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups \
        --securebits=+no_setuid_fixup --inh-caps=-all,+dac_override --ambient-caps=+dac_override "$@"
}

# Made aside and moved, so that an interrupted initdb is never taken for a database.
postgres_prepare() {
    [ ! -d "$dir/data" ] || return 0
    rm -rf "$dir/new"
    if [ -n "$disk" ]; then postgres_mount; fi
    if [ -n "$primary" ]; then postgres_copy; else
        (as_postgres "$home/bin/initdb" --pgdata="$dir/new" --username=postgres --auth=trust --encoding=UTF8 --no-locale --no-sync)
    fi
    mv "$dir/new" "$dir/data"
}

# In memory, of which it takes no more than what is in it.
postgres_mount() {
    mkdir -p "$disk"
    mountpoint --quiet "$disk" || mount -t tmpfs -o size=4g,mode=777 tmpfs "$disk" ||
        die "Mounting a file system at $disk was refused. Run this as root where mounting is allowed, or without --disk."
    find "$disk" -mindepth 1 -delete
    (as_postgres mkdir "$disk/databases")
}

# A copy of the primary that follows it. What the primary has on its own disk goes to the one of this server.
postgres_copy() {
    local from=$servers/postgres-$primary mapping=()
    [ -s "$from/port" ] || die "There is no postgres server '$primary' to follow."
    if [ -n "$disk" ]; then mapping=(--tablespace-mapping="$(postgres_escaped "$from/disk/databases")=$(postgres_escaped "$disk/databases")"); fi
    (as_postgres "$home/bin/pg_basebackup" --pgdata="$dir/new" --host=127.0.0.1 --port="$(<"$from/port")" --username=postgres \
        --checkpoint=fast --wal-method=stream --write-recovery-conf --create-slot --slot="standby_$port" --no-sync "${mapping[@]}")
}

postgres_escaped() { echo "${1//=/\\=}"; }

need_disk() { mountpoint --quiet "$dir/disk" || die "The $kind server '$name' has no disk of its own. Create it with: ./dev server up postgres NAME --disk"; }

# Everything that is in use is all there is. What is written between the two looks makes the kernel refuse.
postgres_fill() {
    local patience=500
    until mount -o "remount,size=$(df --block-size=1 --output=used "$dir/disk" | tail -n 1)" "$dir/disk" 2>/dev/null; do
        ((patience-- > 0)) || die "The disk of the $kind server '$name' could not be filled."
    done
}

postgres_drain() { mount -o remount,size=4g "$dir/disk"; }

# No socket file: a deep checkout exceeds the length that such a path may have. Shared memory in the data folder:
# elsewhere a killed server would leave it behind.
postgres_exec() {
    as_postgres setsid "$home/bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c dynamic_shared_memory_type=mmap -c max_connections=300
}

# A killed server leaves its lock, which holds as long as its process is a zombie, and a small memory segment.
# Nothing of it runs any more when this is called.
postgres_forget() {
    local key id
    [ -f "$dir/data/postmaster.pid" ] || return 0
    read -r key id < <(sed -n 7p "$dir/data/postmaster.pid") || true
    if awk -v key="$key" -v id="$id" '$1 == key && $2 == id && $7 == 0 { found = 1 } END { exit !found }' /proc/sysvipc/shm; then
        ipcrm --shmem-id "$id" || true
    fi
    rm -f "$dir/data/postmaster.pid"
}

postgres_ctl() { "$home/bin/psql" --host=127.0.0.1 --port="$port" --username=postgres "$@"; }
