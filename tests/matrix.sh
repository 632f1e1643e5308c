# shellcheck shell=bash disable=SC2154  # its globals are set by the files around it
# The same tests on several versions of the servers: ./dev test --matrix. Sourced by ../dev.
#
# A cell is a RabbitMQ and a PostgreSQL. What of it is done is kept, so that --resume goes on behind it:
#   artifacts/matrix/<cell>/<part>.result   one line: passed or failed, and what the part said at last
#   artifacts/matrix/<cell>/<part>.log      all that it said

matrix=$root/artifacts/matrix
# Every version of both, the oldest together and the newest together. The two servers do not know of each other, so
# the other combinations would find little more; each can be asked for by its name.
matrix_cells=(3.10+15 4.0+18 4.3+18)
matrix_parts=(integration faults)

test_matrix() { # --resume, cells
    local resume=no cells=() cell part failed=0 built=no
    for cell in "$@"; do
        case $cell in
            --resume) resume=yes ;;
            *+*) check_cell "$cell"; cells+=("$cell") ;;
            *) die "'$cell' is not known here. Use ./dev test --matrix [--resume] [CELL ...] with cells such as 4.3+18, which is RabbitMQ 4.3 with PostgreSQL 18." ;;
        esac
    done
    ((${#cells[@]} > 0)) || cells=("${matrix_cells[@]}")
    for cell in "${cells[@]}"; do
        for part in "${matrix_parts[@]}"; do
            if [ "$resume" = no ]; then rm -f "$matrix/$cell/$part".*; fi
            [ ! -f "$matrix/$cell/$part.result" ] || continue
            if [ "$built" = no ]; then need_dotnet; phase Building build_matrix; built=yes; fi
            run_part "$cell" "$part"
        done
    done
    for cell in "${cells[@]}"; do
        for part in "${matrix_parts[@]}"; do
            if ! grep -q '^passed' "$matrix/$cell/$part.result"; then failed=$((failed + 1)); fi
        done
    done
    tell_matrix "${cells[@]}"
    if ((failed > 0)); then echo "FAILED $failed of $((${#cells[@]} * ${#matrix_parts[@]})) parts of the matrix"; exit 1; fi
    echo "PASSED $((${#cells[@]} * ${#matrix_parts[@]})) parts of the matrix"
}

build_matrix() { build tests/ReliableMq.Integration && build tests/ReliableMq.Faults; }

check_cell() { # cell
    local RABBITMQ=${1%%+*} POSTGRES=${1#*+} kind
    for kind in rabbitmq postgres; do chosen_series >/dev/null; done
}

# Patient, since it runs for long beside other work. In a shell of its own: the versions and addresses are only this cell's. Its servers end with it.
run_part() { # cell, part
    local cell=$1 part=$2 folder=$matrix/$1 outcome=passed
    mkdir -p "$folder"
    begin_phase "RabbitMQ ${cell%%+*}, PostgreSQL ${cell#*+}: $part"
    (
        unset RELIABLEMQ_RABBITMQ RELIABLEMQ_RABBITMQ_MANAGEMENT RELIABLEMQ_POSTGRES
        export RABBITMQ=${cell%%+*} POSTGRES=${cell#*+} RELIABLEMQ_OWNER=$this_command RELIABLEMQ_PATIENCE=${RELIABLEMQ_PATIENCE:-3}
        "matrix_$part" "$folder"
    ) >"$folder/$part.log" 2>&1 || outcome=failed
    end_phase
    release_servers
    echo "$outcome $(matrix_words "$part" "$folder/$part.log")" >"$folder/$part.result"
}

matrix_integration() { # folder
    local status=0
    provide_servers
    rm -rf "$1/results"
    mkdir -p "$1/results"
    # By the same runner as always: the test program's own writer of results takes no control character in what tests print.
    dotnet test tests/ReliableMq.Integration --configuration Release --no-build --nologo --verbosity quiet --results-directory "$1/results" \
        --logger trx --logger 'console;verbosity=minimal' || status=$?
    summarize "$1/results" "$status"
}

matrix_faults() { torment --short; }

# The line by which the part says how it ended; a run of faults says the same once more for all its seeds.
matrix_words() { # part, log
    if [ "$1" = faults ]; then grep -E '^(PASSED|FAILED|BROKEN)' "$2" | head -n 1 || true; else tail -n 1 "$2"; fi
}

tell_matrix() { # cells
    local cell part
    echo
    printf '%-10s %-11s %-12s %s\n' RabbitMQ PostgreSQL part ended
    for cell in "$@"; do
        for part in "${matrix_parts[@]}"; do
            printf '%-10s %-11s %-12s %s\n' "${cell%%+*}" "${cell#*+}" "$part" "$(cat "$matrix/$cell/$part.result")"
        done
    done
}
