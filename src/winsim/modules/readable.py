"""What `fleet_probe` may read: its own list, made by `make docs`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping

CIM_COLUMNS: Mapping[str, str] = {
    "root/cimv2/security/microsofttpm:win32_tpm": (
        "isactivated_initialvalue, isenabled_initialvalue, specversion"
    ),
    "root/cimv2/security/microsoftvolumeencryption:win32_encryptablevolume": (
        "conversionstatus, driveletter, protectionstatus"
    ),
    "root/cimv2:softwarelicensingproduct": "id, licensestatus",
    "root/cimv2:win32_battery": "batterystatus",
    "root/cimv2:win32_bios": "releasedate, smbiosbiosversion",
    "root/cimv2:win32_computersystem": "manufacturer, model, totalphysicalmemory",
    "root/cimv2:win32_computersystemproduct": "identifyingnumber, name, uuid, vendor",
    "root/cimv2:win32_logicaldisk": "deviceid, filesystem, freespace, size, volumedirty",
    "root/cimv2:win32_operatingsystem": (
        "buildnumber, currenttimezone, installdate, lastbootuptime, localdatetime, "
        "oslanguage, producttype, systemdrive, totalvisiblememorysize"
    ),
    "root/cimv2:win32_physicalmemory": (
        "capacity, configuredclockspeed, devicelocator, smbiosmemorytype"
    ),
    "root/cimv2:win32_physicalmemoryarray": "memorydevices",
    "root/cimv2:win32_pnpentity": "configmanagererrorcode, deviceid, pnpclass",
    "root/cimv2:win32_process": "name",
    "root/cimv2:win32_processor": "addresswidth, datawidth, deviceid, name, numberofcores",
    "root/cimv2:win32_service": "exitcode, name, startmode, state",
    "root/cimv2:win32_systemenclosure": "chassistypes",
    "root/default:systemrestore": "creationtime, sequencenumber",
    "root/microsoft/windows/defender:msft_mpcomputerstatus": (
        "amrunningmode, amserviceenabled, antivirusenabled, antivirussignatureage, "
        "realtimeprotectionenabled"
    ),
    "root/microsoft/windows/storage:msft_physicaldisk": (
        "bustype, deviceid, friendlyname, healthstatus, mediatype, operationalstatus, size"
    ),
    "root/microsoft/windows/storage:msft_storagereliabilitycounter": (
        "poweronhours, readerrorsuncorrected, readlatencymax, startstopcyclecount, "
        "temperature, temperaturemax, wear, writeerrorsuncorrected, writelatencymax"
    ),
    "root/microsoft/windows/taskscheduler:msft_scheduledtask": "state, taskname",
    "root/securitycenter2:antivirusproduct": "displayname, instanceguid, productstate, timestamp",
    "root/securitycenter2:firewallproduct": "displayname, instanceguid, productstate",
    "root/standardcimv2:msft_netadapter": (
        "interfacedescription, mediaconnectstate, ndisphysicalmedium, speed"
    ),
    "root/standardcimv2:msft_netconnectionprofile": "interfaceindex, networkcategory",
    "root/wmi:batterycyclecount": "cyclecount, instancename",
    "root/wmi:batteryfullchargedcapacity": "fullchargedcapacity, instancename",
    "root/wmi:batterystaticdata": "designedcapacity, instancename",
    "root/wmi:msacpi_thermalzonetemperature": "currenttemperature, instancename, passivetrippoint",
    "root/wmi:msstoragedriver_failurepredictstatus": "instancename, predictfailure, reason",
}
"""By namespace and class: the columns that may be read, and be asked about in a filter."""

CIM_FILTERS: Mapping[str, str] = {
    "root/cimv2:win32_logicaldisk": "drivetype",
    "root/cimv2:win32_physicalmemoryarray": "use",
    "root/cimv2:win32_pnpentity": "present",
    "root/standardcimv2:msft_netadapter": "hardwareinterface",
}
"""More columns that a filter may ask about; they are never read."""

CIM_ONLY: Mapping[str, str] = {
    "root/cimv2:softwarelicensingproduct": (
        "ApplicationID = '55c92734-d682-4d71-983e-d6ec3f16059f' AND PartialProductKey IS NOT NULL"
    ),
    "root/cimv2:win32_process": "Name = 'owncloud.exe'",
    "root/microsoft/windows/taskscheduler:msft_scheduledtask": "TaskPath = '\\\\Custode\\\\'",
}
"""The one filter that must go with a class: other rows, or other questions, would tell too much."""

REGISTRY_VALUES: Mapping[str, str] = {
    "hklm\\software\\javasoft\\java development kit": "currentversion",
    "hklm\\software\\javasoft\\java runtime environment": "currentversion",
    "hklm\\software\\javasoft\\jdk": "currentversion",
    "hklm\\software\\javasoft\\jre": "currentversion",
    "hklm\\software\\macromedia\\flashplayeractivex": "version",
    "hklm\\software\\macromedia\\flashplayerpepper": "version",
    "hklm\\software\\macromedia\\flashplayerplugin": "version",
    "hklm\\software\\microsoft\\cryptography": "machineguid",
    "hklm\\software\\microsoft\\office\\clicktorun\\configuration": (
        "productreleaseids, updatesenabled, versiontoreport"
    ),
    "hklm\\software\\microsoft\\windows nt\\currentversion": (
        "currentbuild, displayversion, editionid"
    ),
    "hklm\\software\\microsoft\\windows nt\\currentversion\\winlogon": (
        "allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel"
    ),
    "hklm\\software\\microsoft\\windows\\currentversion\\component based servicing\\rebootpending": (
        ""
    ),
    "hklm\\software\\microsoft\\windows\\currentversion\\policies\\explorer": "nodrivetypeautorun",
    "hklm\\software\\microsoft\\windows\\currentversion\\policies\\system": (
        "consentpromptbehavioradmin, enablelua"
    ),
    "hklm\\software\\microsoft\\windows\\currentversion\\run": "owncloud",
    "hklm\\software\\microsoft\\windows\\currentversion\\uninstall\\*": (
        "displayname, displayversion, publisher, quietuninstallstring, uninstallstring"
    ),
    "hklm\\software\\microsoft\\windows\\currentversion\\windowsupdate\\auto update\\rebootrequired": (
        ""
    ),
    "hklm\\software\\microsoft\\windowsupdate\\ux\\settings": (
        "noautoupdate, pauseupdatesexpirytime"
    ),
    "hklm\\software\\norton\\{0c55c096-0f1d-4f28-aaa2-85ef591126e7}": "productversion",
    "hklm\\software\\policies\\microsoft\\windows\\installer": (
        "allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel"
    ),
    "hklm\\software\\policies\\microsoft\\windows\\windowsupdate\\au": (
        "noautoupdate, pauseupdatesexpirytime"
    ),
    "hklm\\software\\policies\\owncloud\\owncloud": "skipupdatecheck",
    "hklm\\software\\policies\\owncloud\\owncloud\\updater": "skipupdatecheck",
    "hklm\\software\\teamviewer": "clientid, installationconfigurationid, installationdirectory",
    "hklm\\software\\teamviewer\\devicemanagementv2": "managementid, unmanaged",
    "hklm\\system\\currentcontrolset\\control\\lsa": (
        "allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel"
    ),
    "hklm\\system\\currentcontrolset\\control\\secureboot\\servicing": (
        "uefica2023status, uefisecurebootenabled, windowsuefica2023capable"
    ),
    "hklm\\system\\currentcontrolset\\control\\secureboot\\state": (
        "uefica2023status, uefisecurebootenabled, windowsuefica2023capable"
    ),
    "hklm\\system\\currentcontrolset\\control\\session manager\\environment": (
        "processor_architecture"
    ),
    "hklm\\system\\currentcontrolset\\control\\terminal server": (
        "fdenytsconnections, userauthentication"
    ),
    "hklm\\system\\currentcontrolset\\control\\terminal server\\winstations\\rdp-tcp": (
        "fdenytsconnections, userauthentication"
    ),
    "hklm\\system\\currentcontrolset\\services\\lanmanserver\\parameters": "smb1, start",
    "hklm\\system\\currentcontrolset\\services\\lanmanworkstation\\parameters": (
        "allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel"
    ),
    "hklm\\system\\currentcontrolset\\services\\mrxsmb10": "smb1, start",
    "hklm\\system\\currentcontrolset\\services\\sharedaccess\\parameters\\firewallpolicy\\domainprofile": (
        "enablefirewall"
    ),
    "hklm\\system\\currentcontrolset\\services\\sharedaccess\\parameters\\firewallpolicy\\publicprofile": (
        "enablefirewall"
    ),
    "hklm\\system\\currentcontrolset\\services\\sharedaccess\\parameters\\firewallpolicy\\standardprofile": (
        "enablefirewall"
    ),
    "hklm\\system\\currentcontrolset\\services\\w32time\\parameters": "ntpserver, type",
}
"""By key, `*` standing for each key directly below it: the values that may be read. What holds for
`hklm\\software` holds below its `wow6432node` too, where 32-bit programs have the same keys."""

USER_KEYS = ("software\\microsoft\\windows\\currentversion\\uninstall",)
"""The keys of people's own hives: what they installed for themselves."""

USER_VALUES = ("displayname", "displayversion")
"""What may be known of it, and only of programs that the probe names."""

EVENT_IDS: Mapping[str, str] = {
    "application:application error": "1000, 1002",
    "application:application hang": "1000, 1002",
    "application:msiinstaller": "1033, 1034",
    "application:securitycenter": "15",
    "system:disk": "7, 11, 52, 153, 154",
    "system:display": "4101",
    "system:eventlog": "6013",
    "system:iastora": "129",
    "system:iastorac": "129",
    "system:iastoravc": "129",
    "system:iastorvd": "129",
    "system:microsoft-windows-eventlog": "104",
    "system:microsoft-windows-kernel-power": "41",
    "system:microsoft-windows-memorydiagnostics-results": "1101, 1102, 1201, 1202",
    "system:microsoft-windows-ntfs": "55, 98",
    "system:microsoft-windows-resource-exhaustion-detector": "2004",
    "system:microsoft-windows-time-service": "35, 52",
    "system:microsoft-windows-wer-systemerrorreporting": "1001",
    "system:microsoft-windows-whea-logger": "1, 16, 18, 20, 22, 24, 26, 46, 47",
    "system:microsoft-windows-windowsupdateclient": "19, 20",
    "system:ntfs": "55, 98",
    "system:service control manager": "7000, 7022, 7023, 7024, 7031, 7034",
    "system:storahci": "129",
    "system:stornvme": "129",
}
"""By log and provider: the events that may be read, never with their message."""

EVENT_FIELDS: Mapping[str, str] = {
    "application:application error": "0, appname",
    "application:application hang": "0, appname",
    "application:msiinstaller": "0, 1, 3",
    "application:securitycenter": "0, 1",
    "system:disk": "0",
    "system:microsoft-windows-eventlog": "channel",
    "system:microsoft-windows-kernel-power": "bugcheckcode, powerbuttontimestamp",
    "system:microsoft-windows-ntfs": "corruptionactionstate",
    "system:microsoft-windows-time-service": "timeoffsetseconds",
    "system:microsoft-windows-wer-systemerrorreporting": "param1",
    "system:microsoft-windows-windowsupdateclient": "errorcode, updateguid, updatetitle",
    "system:ntfs": "corruptionactionstate",
    "system:service control manager": "param1",
}
"""Their data fields, by name or position."""

LOG_STARTS = ("application", "system")
"""The logs of which the number and moment of the oldest record may be known."""

FILE_ROOTS = (
    "%programfiles%",
    "%programfiles(x86)%",
    "%programdata%",
    "%systemroot%",
    "c:\\program files",
    "c:\\program files (x86)",
    "c:\\programdata",
    "c:\\windows",
)
"""The folders below which a program's size, time, version and signer may be known."""

FILE_ENDINGS = (".dll", ".exe", ".msi", ".sys")
"""How the name of a program's file ends."""

FILE_FOLDERS_EXCEPT = (
    "appdata",
    "application data",
    "desktop",
    "documents",
    "documents and settings",
    "downloads",
    "favorites",
    "local settings",
    "music",
    "my documents",
    "onedrive",
    "pictures",
    "profiles",
    "serviceprofiles",
    "spool",
    "systemprofile",
    "users",
    "videos",
)
"""Folders that may stand nowhere in such a path: they lead, or link, to people's things."""

PROFILE_FILES = (
    "appdata\\roaming\\owncloud\\owncloud.cfg",
    "owncloud\\.owncloudsync.log",
    "owncloud\\.sync_journal.db",
)
"""The only files inside a user's profile that may be looked at."""

PROFILE_PROPERTIES = ("modified_at", "size_bytes")
"""What may be known of them."""

SETTINGS_FILE = ("appdata\\roaming\\owncloud\\owncloud.cfg",)
"""The settings that may be opened in each profile."""

SETTINGS_MARKERS = (
    "<n>\\Folders\\<id>\\localPath=",
    "<n>\\Folders\\<id>\\paused=",
    "<n>\\Folders\\<id>\\virtualFilesMode=",
    "<n>\\url=",
)
"""What a line of them must begin with for anything of it to be told; accounts are numbered."""

RUN_LOG = ("{localpath}\\.owncloudsync.log",)
"""The log that may be opened in each folder that the settings name."""

RUN_MARKERS = (
    "#=#=#=# Syncrun finished",
    "#=#=#=# Syncrun started",
    "#=#=#=#=# Propagation starts",
)
"""What a line of it must begin with; every other line names a document."""

MARKER_WORDS = ("false", "off", "suffix", "true", "wincfapi")
"""The only words that may follow a marker off the PC."""

MARKER_PROPERTIES = ("count", "first_at", "last_at", "number", "word")
"""What may be known of the lines with one marker: how many, moments in UTC, a number, a word."""
