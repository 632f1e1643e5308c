# Reads the .trx files of a test run; prints the skipped and the failed tests and, as the last line, the counts.
# Exit code 0 only if something passed, nothing failed and the runner itself, by run_status, had no complaint. The checks of the models and the
# runs of faults are added.
BEGIN { RS = "<UnitTestResult " }

FNR > 1 {
    name = unescaped(attribute("testName"))
    outcome = attribute("outcome")
    message = unescaped(between("<Message>", "</Message>"))
    if (outcome == "Passed") passed++
    else if (outcome == "NotExecuted") skipped = skipped "\n  " name (message == "" ? "" : ": " message)
    else { failed++; failures = failures "\n  " name "\n" indented(message) }
}

END {
    also_failed = model_failed + fault_runs_failed
    if (skipped != "") print "\nSkipped:" skipped
    if (failures != "") print "\nFailed:" failures
    if (passed + failed == 0) print "\nNo test was run."
    else if (run_status != 0 && failed + also_failed == 0) print "\nThe test run broke off, see above (exit code " run_status ")."
    if (model_failed > 0) print "\nOf the checks of the models failed: " model_failed ", see above."
    if (fault_runs_failed > 0) print "\nThe run of faults did not pass, see above."
    printf "\n%d passed, %d failed\n", passed + model_passed + fault_runs - fault_runs_failed, failed + also_failed
    exit passed == 0 || failed + also_failed > 0 || run_status != 0
}

function attribute(key,    tag) {
    tag = " " substr($0, 1, index($0, ">"))
    if (!match(tag, " " key "=\"[^\"]*\"")) return ""
    return substr(tag, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
}

function between(opening, closing,    body) {
    body = substr($0, 1, index($0 "</UnitTestResult>", "</UnitTestResult>"))
    if (!index(body, opening)) return ""
    body = substr(body, index(body, opening) + length(opening))
    return substr(body, 1, index(body, closing) - 1)
}

function unescaped(text) {
    gsub(/&#xD;|\r/, "", text)
    gsub(/&#xA;/, "\n", text)
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "'", text)
    gsub(/&amp;/, "\\&", text)
    return text
}

function indented(text) {
    gsub(/\n/, "\n      ", text)
    return "      " text
}
