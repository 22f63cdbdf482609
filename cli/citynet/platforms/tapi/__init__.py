"""The optical platform: a plan's services as ONF TAPI 2.4 bodies, for the controller of an optical network."""
