"""Carrying rendered configurations to devices: one transaction each, in waves, archived.

The collection's plugins and the command `citynet deploy` are thin covers of this package, which never imports Ansible.
"""
