"""What an independent Redfish client (python3-sushy) makes of a BMC: prints JSON. Arguments: URL, user, password, session|basic."""

import json
import sys

import sushy
from sushy import auth
import urllib3

urllib3.disable_warnings()
url, user, password, how = sys.argv[1:5]
login = {"session": auth.SessionAuth, "basic": auth.BasicAuth}[how](user, password)
root = sushy.Sushy(url, auth=login, verify=False)
system = root.get_system_collection().get_members()[0]
seen = {
    "uuid": system.uuid,
    "power": [system.power_state.value],
    "macs": sorted(system.ethernet_interfaces.summary),
    "resets": sorted(value.value for value in system.get_allowed_reset_system_values()),
    "bootDevices": sorted(value.value for value in system.get_allowed_system_boot_source_values()),
}
system.set_system_boot_options(
    target=sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE, mode=sushy.BOOT_SOURCE_MODE_UEFI
)
system.refresh(force=True)
seen["boot"] = [system.boot["target"].value, system.boot["enabled"].value, system.boot["mode"].value]
system.reset_system(sushy.RESET_ON)
system.refresh(force=True)
seen["power"].append(system.power_state.value)
seen["bootAfterStart"] = system.boot["enabled"].value

chassis = root.get_chassis_collection().get_members()[0]
seen["supply"] = chassis.power.power_supplies[0].line_input_voltage
seen["temperatures"] = [[entry.name, entry.reading_celsius] for entry in chassis.thermal.temperatures]

manager = system.managers[0]
seen["manager"] = manager.firmware_version
# This sushy knows drives of managers only.
if "VirtualMedia" in manager.json:
    drive = manager.virtual_media.get_members()[0]
    drive.insert_media("https://127.0.0.1:1/images/rescue.iso")
    drive.refresh(force=True)
    seen["disc"] = [drive.image, drive.inserted]
    drive.eject_media()
    drive.refresh(force=True)
    seen["disc"].append(drive.inserted)
print(json.dumps(seen))
