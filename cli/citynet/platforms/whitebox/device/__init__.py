"""What runs on the device itself: standard library only, Python 3.9 or newer, sent over SSH and never installed.

Nothing here imports the rest of citynet. Modules import each other relatively, so that they work both as part of the
package (typed, tested) and on the device, where `citynet.deploy.bundle` gives them a package of their own.
"""
