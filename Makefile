# Every target is one script; `make run` and `make test` set up all they need on a fresh machine.
# `make run MODEL=right` talks through the model that is right more often at twice the time.
MODEL ?= fast
export MODEL

.PHONY: run test check models listen bench-voice bench-demo soak e2e docs mutants

run:         ; @scripts/run
test:        ; @scripts/test
check:       ; @scripts/check
models:      ; @scripts/models $(MODEL)
listen:      ; @scripts/task listen
bench-voice: ; @scripts/task bench-voice
bench-demo:  ; @scripts/task bench-demo
soak:        ; @scripts/task soak
e2e:         ; @scripts/e2e
docs:        ; @scripts/docs
mutants:     ; @scripts/mutants
