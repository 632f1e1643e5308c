# shellcheck shell=bash disable=SC2154  # its globals are set by the files around it
# The models of the protocol in tests/Model, checked exhaustively by spin. Sourced by ../dev. See docs/model.md.

models='outbox delivery prefetch replay order'

# What each change must be caught by, in which model: the check is worth what it finds.
model_mutants='
outbox   MARK_BEFORE_CONFIRM         sent_without_confirm
outbox   NO_MANDATORY                sent_without_confirm
outbox   NO_FENCING                  sent_after_cancel
outbox   GIVE_BACK_WITHOUT_FENCE     sent_after_cancel
outbox   NO_CHECK                    never_committed
outbox   OPEN_FOR_EVER               never_stuck
delivery ACK_BEFORE_COMMIT           message_lost
delivery NO_INBOX                    second_effect
delivery COUNT_WITHOUT_LOOKING       never_settles
delivery GIVE_BACK_AT_ONCE           always_ends
prefetch MULTIPLE_ACK                message_lost
replay   REPLAY_WITHOUT_EPOCH        message_lost
replay   FORGET_WITHOUT_DEAD_LETTERS second_effect
replay   BURY_WITHOUT_HORIZON        second_effect
replay   HORIZON_ONLY_FOR_STRANGERS  second_effect
order    NO_KEY_LOCK                 out_of_order
order    ASK_IN_MEMORY_ONLY          message_lost
order    OFFER_WITH_ITS_OLD_TOKEN    message_lost
'

command_model() { # nothing, or a model and a mutant or an event of which to tell the story
    local failed=0
    find_spin
    case $# in
        0) check_models || failed=1
           printf '\n%d passed, %d failed\n' "$model_passed" "$model_failed" ;;
        2) tell_story "$1" "$2" || failed=1 ;;
        *) die "Say nothing, or a model and a mutant or an event: ./dev model outbox NO_FENCING" ;;
    esac
    return "$failed"
}

find_spin() {
    local package
    command -v spin >/dev/null || command -v apt-get >/dev/null ||
        die "The models need spin, and there is no apt-get to install it. Get it from https://spinroot.com"
    for package in spin gcc; do find_tool "$package"; done
    if ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then
        lock packages
        install libc6-dev
        unlock
    fi
}

# Says what each model, event and change came to, as soon as it is known; two at a time. Sets model_passed and model_failed.
check_models() {
    local model mutant property
    model_work=$(mktemp -d)
    : >"$model_work/verdicts"
    for model in order $models; do
        [ -d "$model_work/$model" ] || { mkdir "$model_work/$model"; beside check_model "$model"; }
    done
    while read -r model mutant property; do
        [ -z "$model" ] || beside check_mutant "$model" "$mutant" "$property"
    done <<<"$model_mutants"
    wait $(jobs -p)
    model_passed=$(grep -c '^passed ' "$model_work/verdicts") || true
    model_failed=$(grep -c '^failed ' "$model_work/verdicts") || true
    rm -rf "$model_work"
    ((model_failed == 0 && model_passed > 0))
}

beside() { # command
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || true; done
    "$@" &
}

# The verifier of a model, in the folder $verifier.
build_verifier() { # model, mutant or nothing, arguments of the compiler
    local model=$1 mutant=$2
    verifier=$model_work/$model${mutant:+-$mutant}
    mkdir -p "$verifier"
    cp tests/Model/*.pml "$verifier"
    (cd "$verifier" && spin -a ${mutant:+"-D$mutant"} "$model.pml" && gcc -w -DMEMLIM=1000 "${@:3}" -o verify pan.c) >"$verifier/build.txt" 2>&1 ||
        { cat "$verifier/build.txt"; return 1; }
}

# Looks for what violates a property. A run without an end is a cycle, and the search for these looks neither at how a run
# ends nor for the shortest way: it is one apart.
search_for() { # property or nothing, model, mutant or nothing, arguments of the compiler
    if [ "$1" = always_ends ]; then
        build_verifier "${@:2}" -DNP && verify -l
    else
        build_verifier "${@:2}" -DSAFETY && verify
    fi
}

verify() { # arguments of the verifier
    (cd "$verifier" && ./verify -w20 -m1000000 "$@") >"$verifier/verify.txt" 2>&1 || true
}

# Every run comes to rest: there is no cycle, and no process is stuck in the middle of something. No property is violated on
# the way or at rest.
check_model() { # model
    local event
    search_for always_ends "$1" CYCLES -O1 || { model_says failed "$1" 'it cannot be built'; return 0; }
    is_fine "$1" || return 0
    search_for '' "$1" '' -O1
    is_fine "$1" || return 0
    model_says passed "$1" "no violation and no endless run in $(printf '%.0f' "$(states)") states"
    for event in $(events_of "$1"); do check_event "$1" "$event"; done
}

is_fine() { # model
    local found
    found=$(violated)
    if [ -n "$found" ]; then
        model_says failed "$1" "violates $found; its story: ./dev model $1 $found"
    elif ! grep -q 'errors: 0$' "$verifier/verify.txt" || grep -qE 'Search not completed|max search depth too small' "$verifier/verify.txt"; then
        model_says failed "$1" 'the search was not completed'
        tail -n 30 "$verifier/verify.txt"
    else
        return 0
    fi
    return 1
}

states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$verifier/verify.txt"; }

# The intact model must be able to get there.
check_event() { # model, event
    EVENT=$2 verify
    if grep -q 'assertion violated 0 ' "$verifier/verify.txt"; then
        model_says passed "$1" "can come to $2"
    else
        model_says failed "$1" "never comes to $2"
    fi
}

check_mutant() { # model, mutant, property
    local found
    search_for "$3" "$1" "$2" || { model_says failed "$1 with $2" 'it cannot be built'; return 0; }
    found=$(violated)
    if [ "$found" = "$3" ]; then
        model_says passed "$1 with $2" "caught by $found"
    else
        model_says failed "$1 with $2" "expected to be caught by $3, but ${found:-nothing} did"
    fi
}

violated() {
    sed -n -e 's/^pan.*assertion violated *!(\([a-z_]*\)).*/\1/p' -e 's/^pan.*non-progress cycle.*/always_ends/p' \
        -e 's/^pan.*invalid end state.*/never_stuck/p' "$verifier/verify.txt" | head -n 1
}

events_of() { # model
    sed -n 's/^MAY_HAPPEN(\([a-z_]*\)).*/\1/p' "tests/Model/$1.pml" $(if [ "$1" = delivery ]; then echo tests/Model/consumer.pml; fi)
}

# The shortest way to a violation, or to an event; a way into a run without an end.
tell_story() { # model, mutant or event or property
    local mutant='' property=$2 shortest=-DBFS
    [ -f "tests/Model/$1.pml" ] || die "There is no model '$1'. There are $models."
    if [[ $2 =~ ^[A-Z_]+$ ]]; then
        mutant=$2
        property=$(sed -n "s/^$1 *$mutant *//p" <<<"$model_mutants")
    fi
    if [ "$property" = always_ends ]; then shortest=''; fi
    model_work=$(mktemp -d)
    EVENT=$2 search_for "$property" "$1" "$mutant" $shortest || return 1
    if [ ! -f "$verifier/$1.pml.trail" ]; then
        say "The model '$1' never comes to '$2'."
        return 1
    fi
    (cd "$verifier" && ./verify -S) 2>&1 | sed -n '/^spin: trail ends/q; /^pan/!p'
    rm -rf "$model_work"
}

model_says() { # passed or failed, what, verdict
    printf '%-7s %-42s %s\n' "$1" "$2:" "$3" | tee -a "$model_work/verdicts"
}
