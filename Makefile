# citynet: what one does with it, by name. `make` alone lists it.
CITY ?= mini
PYTHON = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit fuzz bench bench-lab clean setup-verify setup-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup-verify ## build labs/CITY (mini), deploy it, grade it, print the scorecard
	@$(PYTHON) -m citynet demo labs/$(CITY)

test: setup-test lint ## every test: unit, golden, errors, property, collection, lab
	$(PYTHON) -m citynet lab build
	@failed=0; set -x; \
	$(PYTHON) -m pytest -m "not alone" --numprocesses 2 --dist loadfile || failed=1; \
	$(PYTHON) -m pytest -m alone || failed=1; \
	exit $$failed

lint: setup-test ## ruff, mypy
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

unit: setup-test ## the tests that need no lab
	$(PYTHON) -m pytest -m "not lab and not collection"

fuzz: setup-test ## the property tests with new examples each time
	HYPOTHESIS_PROFILE=new $(PYTHON) -m pytest -m hypothesis

bench: setup-test ## time and memory up to 10,000 routers, evidence a second; PEERS=1 sets netlab and pyavd beside it
	$(PYTHON) tests/bench/planner.py
	$(PYTHON) tests/bench/evidence.py
ifeq ($(PEERS),1)
	$(PYTHON) tests/bench/planner.py --peers
endif

bench-lab: setup-verify ## what faults, changes and neighbours cost the traffic of a lab of labs/transport, beside the bounds
	$(PYTHON) tests/bench/lab_figures.py

clean: ## remove what was built in this tree
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis labs/*/build

setup-verify:
	@sh setup.sh verify,optical
setup-test:
	@sh setup.sh verify,optical,test
