# Everything is installed into one folder. A stamp in it says which lock was installed last, so a
# second `make run` starts at once.
VENV := .venv
# Many tests wait for a program that they started. So there is one process more than cores.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
FAST = tests/domain tests/service tests/store/test_contract.py tests/cli/test_credentials.py \
	tests/cli/test_representative.py tests/cli/test_help.py tests/cli/test_output.py \
	tests/tui/test_summaries.py tests/tui/terminal/test_input.py tests/test_configuration.py \
	tests/test_documentation.py tests/test_installation.py
UV_COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --no-config \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	$(ARGS) pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo serve check test soak mutants lint screenshots bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/run.stamp ## Open the portal (ARGS="..." is passed on)
	@$(VENV)/bin/credtui $(ARGS)

demo: $(VENV)/server.stamp ## Open the portal on a throw-away store, with a token endpoint
	@$(VENV)/bin/credtui demo $(ARGS)

serve: $(VENV)/server.stamp ## Run the token endpoint on the portal's data (ARGS="--port 8000")
	@$(VENV)/bin/credtui serve $(ARGS)

# `check` has the tests that find most in the least time.
check: lint ## Run lint and the fast tests, in under a minute: before each commit
	$(VENV)/bin/python -m pytest -q -n $(JOBS) $(FAST)

test: $(VENV)/dev.stamp ## Run every test (ARGS="tests/test_x.py -k name", JOBS=0 for one process)
	@scripts/system-tools
	$(VENV)/bin/python -m pytest -n $(JOBS) $(ARGS)

soak: $(VENV)/dev.stamp $(VENV)/soak.stamp ## Run the long attacks, the faults of a cluster, and the timing test
	$(VENV)/bin/python -m pytest -s tests/soak $(ARGS)

# The faults are put into a copy. Their tool runs in an environment of its own, because it has more
# dependencies than all the other tools, and needs none of ours. So does the manager of the cluster
# that `make soak` makes.
mutants: $(VENV)/dev.stamp $(VENV)/mutants.stamp ## Put small faults into the throttle, and see whether tests fail
	scripts/mutants "$(abspath $(VENV))"

lint: $(VENV)/dev.stamp ## Check style, types, and which room imports which
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

screenshots: $(VENV)/dev.stamp ## Draw the gallery in screenshots/ from demo data
	$(VENV)/bin/python screenshots/draw.py $(ARGS)

bench: $(VENV)/dev.stamp ## Run the benchmarks
	$(VENV)/bin/python -m benchmarks $(ARGS)

# dev.txt is made first and constrains the others, so that all locks have the same versions.
lock: $(VENV)/dev.stamp ## Make the locks in requirements/ again (ARGS=--upgrade takes newer releases)
	$(UV_COMPILE) --all-extras --group dev --output-file requirements/dev.txt
	$(UV_COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/run.txt
	$(UV_COMPILE) --extra server --group build --constraint requirements/dev.txt \
		--output-file requirements/server.txt
	$(UV_COMPILE) --extra server --extra postgres --group build --constraint requirements/dev.txt \
		--output-file requirements/postgres.txt
	$(subst pyproject.toml,,$(UV_COMPILE)) --group mutants --output-file requirements/mutants.txt
	$(subst pyproject.toml,,$(UV_COMPILE)) --group soak --output-file requirements/soak.txt

clean: ## Remove what was installed, built and cached
	rm -rf $(VENV) build dist .hypothesis .*_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The hashes fix what is installed. The project itself is only linked, so its source is what runs.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Installing requirements/$*.txt and credtui into $(VENV)"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/mutants.stamp $(VENV)/soak.stamp: $(VENV)/%.stamp: requirements/%.txt | $(VENV)/bin/pip
	@echo "Installing requirements/$*.txt into $(VENV)/$*"
	@$(VENV)/bin/python -m venv --clear $(VENV)/$*
	@$(VENV)/$*/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/bin/pip:
	@python=$$(PYTHON="$(PYTHON)" scripts/find-python) && "$$python" -m venv $(VENV)
