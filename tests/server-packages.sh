# shellcheck shell=bash disable=SC2154  # its globals are set by the files around it
# Where the server programs come from: the system's own, installed with apt if missing; other versions are
# unpacked from another Debian suite into .servers/versions, beside the system. Sourced by ../dev.

chosen_series() {
    case $kind:${RABBITMQ:-} in
        postgres:* | rabbitmq: | rabbitmq:3.10 | rabbitmq:4.0 | rabbitmq:4.3) ;;
        *) die "RABBITMQ='$RABBITMQ' is not known here. Use 3.10, 4.0 or 4.3, or unset it for the system's own." ;;
    esac
    case $kind:${POSTGRES:-} in
        rabbitmq:* | postgres: | postgres:15 | postgres:18) ;;
        *) die "POSTGRES='$POSTGRES' is not known here. Use 15 or 18, or unset it for the system's own." ;;
    esac
    if [ "$kind" = rabbitmq ]; then echo "${RABBITMQ:-}"; else echo "${POSTGRES:-}"; fi
}

title() { if [ "$kind" = rabbitmq ]; then echo "RabbitMQ $series"; else echo "PostgreSQL $series"; fi; }

# Sets home, and series where none was chosen.
find_home() {
    find_installed
    if [[ -z $home && -z $series ]]; then
        lock packages
        find_installed
        [ -n "$home" ] || install "$("${kind}_package")"
        unlock
        find_installed
        [ -n "$home" ] || die "Package '$("${kind}_package")' is installed, but no $kind server was found below /usr/lib."
    fi
    [ -n "$home" ] || unpack_version
}

# The chosen version if the system has it; without a choice the newest one it has.
find_installed() {
    local found
    home=
    read -r found home < <("${kind}_installed" | grep "^${series:-[0-9.]*} " | sort -V | tail -n 1) || true
    : "${series:=$found}"
}

rabbitmq_package() { echo rabbitmq-server; }
rabbitmq_home_below() { echo "$1/usr"; }
rabbitmq_relocated() { echo usr/lib/erlang; }
rabbitmq_installed() {
    local version
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || return 0
    version=$(home=/usr rabbitmq_version)
    echo "${version%.*} /usr"
}

postgres_package() { echo "postgresql${series:+-$series}"; }
postgres_home_below() { echo "$1/usr/lib/postgresql/$series"; }
postgres_relocated() { echo usr/lib/postgresql; }
postgres_installed() {
    local program
    for program in /usr/lib/postgresql/*/bin/postgres; do
        if [ -x "$program" ]; then program=${program%/bin/postgres}; echo "${program##*/} $program"; fi
    done
}

# --- Installing

# Sets tool, a program that is no server of ours.
find_tool() { # name, which is also its package's
    tool=$(PATH=$PATH:/usr/sbin command -v "$1") && return
    lock packages
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || install "$1"
    unlock
    tool=$(PATH=$PATH:/usr/sbin command -v "$1") || die "Package '$1' is installed, but its program was not found."
}

# Sets tool, the folder from which Node finds the package.
find_node_package() { # name, version
    local folder=$servers/versions/$1-$2
    tool=$folder/node_modules
    [ ! -d "$tool/$1" ] || return 0
    { command -v node && command -v npm; } >/dev/null || die "'$1' needs Node and npm. Install them with: sudo apt-get install nodejs npm"
    lock packages
    if [ ! -d "$tool/$1" ]; then
        rm -rf "$folder" "$folder.new"
        mkdir -p "$folder.new"
        phase "Fetching $1 $2 with npm" npm install --prefix "$folder.new" --no-audit --no-fund --loglevel=error "$1@$2"
        mv "$folder.new" "$folder"
    fi
    unlock
}

install() { # package
    local as_root=()
    command -v apt-get >/dev/null ||
        die "'$1' is missing, and there is no apt-get to install it. Start a Docker engine, or install RabbitMQ and PostgreSQL."
    if ((EUID != 0)); then
        as_root=(sudo -n)
        sudo -n true 2>/dev/null ||
            die "'$1' is missing. Install it with: sudo apt-get install $1   (or start a Docker engine)"
    fi
    phase "Installing $1 with apt" "${as_root[@]}" sh -c "$install_script" install "$1"
}

# The package would start a server of its own, now and at every boot; ours are private.
# shellcheck disable=SC2016  # expanded by the inner shell, which is root
install_script='
    set -e
    policy=/usr/sbin/policy-rc.d
    trap "exit 1" INT TERM
    if [ ! -e $policy ]; then
        trap "rm -f $policy" EXIT
        printf "#!/bin/sh\nexit 101\n" >$policy
        chmod +x $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $1"
    apt-get -q update || true
    $install --download-only
    # Ctrl-C now would leave the system with half a package.
    trap "" INT
    setsid --wait $install
    if [ -e "/etc/init.d/$1" ]; then update-rc.d "$1" disable; fi'

# --- Unpacking another version

suite_of_version() {
    case "$kind $series" in
        'rabbitmq 3.10' | 'postgres 15') echo bookworm ;;
        'rabbitmq 4.0') echo trixie ;;
        'rabbitmq 4.3' | 'postgres 18') echo forky ;;
        *) die "$(title) made the data of this server and is not installed any more. Install it, or remove the data." ;;
    esac
}

# The programs know the folder they were unpacked for, so a moved checkout unpacks them again.
unpack_version() {
    local suite tree=$servers/versions/$kind-$series
    home=$("${kind}_home_below" "$tree")
    [ "$(cat "$tree/.complete" 2>/dev/null)" != "$tree" ] || return 0
    suite=$(suite_of_version)
    [[ $tree != *' '* ]] || die "$(title) cannot run from a path with a space: $tree. Move this checkout, or install $(title)."
    lock packages
    if [ "$(cat "$tree/.complete" 2>/dev/null)" != "$tree" ]; then
        command -v patchelf >/dev/null || install patchelf
        phase "Fetching $(title) from Debian $suite" unpack_from_suite "$suite" "$tree"
    fi
    unlock
}

unpack_from_suite() { # suite, folder
    local suite=$1 tree=$2 archive
    rm -rf "$tree"
    mkdir -p "$tree"/usr/{bin,sbin,lib,lib64} "$tree"/.apt/{lists/partial,cache/archives/partial}
    # Suites of before and after the merge of /lib into /usr/lib get the same shape.
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree"
    download "$suite" "$tree/.apt"
    for archive in "$tree"/.apt/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar --extract --keep-directory-symlink --no-same-owner --directory "$tree"
    done
    rm -rf "$tree/.apt"
    relocate "$tree" "$("${kind}_relocated")"
    echo "$tree" >"$tree/.complete"
}

# With an apt of its own that knows only this suite and no installed package, so that every dependency comes along.
download() { # suite, folder
    local mirror
    # shellcheck disable=SC2016  # expanded by apt
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n '\#/debian/*$#p' | sed -n 1p)
    : "${mirror:=http://deb.debian.org/debian}"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$2/sources.list"
    : >"$2/status"
    private_apt "$2" update
    private_apt "$2" --yes --download-only --no-install-recommends install "$("${kind}_package")"
}

private_apt() { # folder, arguments of apt-get
    local folder=$1
    shift
    # The index of a testing suite may be past its date.
    apt-get -q -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$folder" -o Dir::State::Lists="$folder/lists" -o Dir::State::status="$folder/status" \
        -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
        -o Acquire::Check-Valid-Until=false "$@"
}

# The programs use the libraries they came with, not those of this system. An RPATH, not a RUNPATH, also serves
# what they load while running.
relocate() { # folder, folder in it with the programs
    local loader program libraries
    loader=$(find "$1/usr/lib" -name 'ld-linux*.so*' -print -quit)
    libraries=$(dirname "$loader")
    find "$1/$2" -type f -perm -u+x ! -name '*.so*' | while read -r program; do
        if patchelf --print-interpreter "$program" >/dev/null 2>&1; then
            patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$program"
        fi
    done
    find "$1/$2" -type f \( -name erl -o -name start \) -exec sed -i "s#=/usr/lib/erlang\$#=$1/usr/lib/erlang#" {} +
}
