# For .ci/run and .ci/simulations: checks, what they took, and how many passed and failed.
set -uo pipefail
export CI=true NO_COLOR=1
passed=0 failed=0

finish() { echo "$passed passed, $failed failed"; [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; exit; }

# guard NAME COMMAND...: one check, passed or failed as a whole
guard() {
  local name=$1 from=$SECONDS; shift
  echo "== $name: $*"
  if "$@" </dev/null; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "!! $name failed"; fi
  echo "== $name took $((SECONDS - from)) s"
}

# suite NAME PATTERN COMMAND...: counts what the command's last line matching PATTERN says (\1 passed, \2 failed)
suite() {
  local name=$1 pattern=$2 from=$SECONDS code=0 counts; shift 2
  echo "== $name: $*"
  "$@" </dev/null 2>&1 | tee "$log" || code=$?
  counts=$(sed -nE "s/.*$pattern.*/\1 \2/p" "$log" | tail -1)
  if [ -z "$counts" ]; then counts="0 1"; echo "!! $name printed no count"
  elif [ "$code" -ne 0 ] && [ "${counts#* }" -eq 0 ]; then counts="${counts% *} 1"; echo "!! $name exited with $code"; fi
  passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
  echo "== $name took $((SECONDS - from)) s"
}
