#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Answers one question for each probe: which rows does Windows give? It judges nothing and changes
# nothing. What is read is the caller's data; what may never be read is listed below.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        account_key = @{ type = 'str'; no_log = $true }
        deadline_seconds = @{ type = 'int'; default = 240 }
        probes = @{
            type = 'list'
            elements = 'dict'
            required = $true
            options = @{
                associated = @{
                    type = 'dict'
                    options = @{
                        class = @{ type = 'str'; required = $true }
                        properties = @{ type = 'list'; elements = 'str'; required = $true }
                    }
                }
                class = @{ type = 'str' }
                digest_account = @{ type = 'bool'; default = $false }
                each_profile = @{ type = 'bool'; default = $false }
                each_user = @{ type = 'bool'; default = $false }
                fields = @{ type = 'list'; elements = 'str' }
                filter = @{ type = 'str' }
                id = @{ type = 'str'; required = $true }
                ids = @{ type = 'list'; elements = 'int' }
                keys = @{ type = 'list'; elements = 'str' }
                kind = @{ type = 'str'; required = $true }
                log = @{ type = 'str' }
                markers = @{ type = 'list'; elements = 'str' }
                max = @{ type = 'int'; default = 50 }
                names = @{ type = 'list'; elements = 'str' }
                namespace = @{ type = 'str' }
                paths = @{ type = 'list'; elements = 'str' }
                properties = @{ type = 'list'; elements = 'str' }
                providers = @{ type = 'list'; elements = 'str' }
                # Raw: PowerShell 7 reads ISO 8601 in JSON as a date, and as text it would be localised.
                since = @{ type = 'raw' }
                subkeys = @{ type = 'bool'; default = $false }
                timeout_seconds = @{ type = 'int'; default = 20 }
                values = @{ type = 'list'; elements = 'str' }
            }
        }
    }
    supports_check_mode = $true
}

# The privacy guard: only what stands on these lists may be read. Options are always read as
# $Probe['keys'], never $Probe.keys: a dictionary has members of these names.

# Made by `make docs` from src/custode/core/readable.py; do not edit.
$cimColumns = @{
    'root/cimv2/security/microsofttpm:win32_tpm' = 'isactivated_initialvalue, isenabled_initialvalue, specversion'
    'root/cimv2/security/microsoftvolumeencryption:win32_encryptablevolume' = 'conversionstatus, driveletter, protectionstatus'
    'root/cimv2:softwarelicensingproduct' = 'id, licensestatus'
    'root/cimv2:win32_battery' = 'batterystatus'
    'root/cimv2:win32_bios' = 'releasedate, smbiosbiosversion'
    'root/cimv2:win32_computersystem' = 'manufacturer, model, totalphysicalmemory'
    'root/cimv2:win32_computersystemproduct' = 'identifyingnumber, name, uuid, vendor'
    'root/cimv2:win32_logicaldisk' = 'deviceid, filesystem, freespace, size, volumedirty'
    'root/cimv2:win32_operatingsystem' = 'buildnumber, currenttimezone, installdate, lastbootuptime, localdatetime, oslanguage, producttype, systemdrive, totalvisiblememorysize'
    'root/cimv2:win32_physicalmemory' = 'capacity, configuredclockspeed, devicelocator, smbiosmemorytype'
    'root/cimv2:win32_physicalmemoryarray' = 'memorydevices'
    'root/cimv2:win32_pnpentity' = 'configmanagererrorcode, deviceid, pnpclass'
    'root/cimv2:win32_process' = 'name'
    'root/cimv2:win32_processor' = 'addresswidth, datawidth, deviceid, name, numberofcores'
    'root/cimv2:win32_service' = 'exitcode, name, startmode, state'
    'root/cimv2:win32_systemenclosure' = 'chassistypes'
    'root/default:systemrestore' = 'creationtime, sequencenumber'
    'root/microsoft/windows/defender:msft_mpcomputerstatus' = 'amrunningmode, amserviceenabled, antivirusenabled, antivirussignatureage, realtimeprotectionenabled'
    'root/microsoft/windows/storage:msft_physicaldisk' = 'bustype, deviceid, friendlyname, healthstatus, mediatype, operationalstatus, size'
    'root/microsoft/windows/storage:msft_storagereliabilitycounter' = 'poweronhours, readerrorsuncorrected, readlatencymax, startstopcyclecount, temperature, temperaturemax, wear, writeerrorsuncorrected, writelatencymax'
    'root/microsoft/windows/taskscheduler:msft_scheduledtask' = 'state, taskname'
    'root/securitycenter2:antivirusproduct' = 'displayname, instanceguid, productstate, timestamp'
    'root/securitycenter2:firewallproduct' = 'displayname, instanceguid, productstate'
    'root/standardcimv2:msft_netadapter' = 'interfacedescription, mediaconnectstate, ndisphysicalmedium, speed'
    'root/standardcimv2:msft_netconnectionprofile' = 'interfaceindex, networkcategory'
    'root/wmi:batterycyclecount' = 'cyclecount, instancename'
    'root/wmi:batteryfullchargedcapacity' = 'fullchargedcapacity, instancename'
    'root/wmi:batterystaticdata' = 'designedcapacity, instancename'
    'root/wmi:msacpi_thermalzonetemperature' = 'currenttemperature, instancename, passivetrippoint'
    'root/wmi:msstoragedriver_failurepredictstatus' = 'instancename, predictfailure, reason'
}
$cimFilters = @{
    'root/cimv2:win32_logicaldisk' = 'drivetype'
    'root/cimv2:win32_physicalmemoryarray' = 'use'
    'root/cimv2:win32_pnpentity' = 'present'
    'root/standardcimv2:msft_netadapter' = 'hardwareinterface'
}
$cimOnly = @{
    'root/cimv2:softwarelicensingproduct' = 'ApplicationID = ''55c92734-d682-4d71-983e-d6ec3f16059f'' AND PartialProductKey IS NOT NULL'
    'root/cimv2:win32_process' = 'Name = ''owncloud.exe'''
    'root/microsoft/windows/taskscheduler:msft_scheduledtask' = 'TaskPath = ''\\Custode\\'''
}
$registryValues = @{
    'hklm\software\javasoft\java development kit' = 'currentversion'
    'hklm\software\javasoft\java runtime environment' = 'currentversion'
    'hklm\software\javasoft\jdk' = 'currentversion'
    'hklm\software\javasoft\jre' = 'currentversion'
    'hklm\software\macromedia\flashplayeractivex' = 'version'
    'hklm\software\macromedia\flashplayerpepper' = 'version'
    'hklm\software\macromedia\flashplayerplugin' = 'version'
    'hklm\software\microsoft\cryptography' = 'machineguid'
    'hklm\software\microsoft\office\clicktorun\configuration' = 'productreleaseids, updatesenabled, versiontoreport'
    'hklm\software\microsoft\windows nt\currentversion' = 'currentbuild, displayversion, editionid'
    'hklm\software\microsoft\windows nt\currentversion\winlogon' = 'allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel'
    'hklm\software\microsoft\windows\currentversion\component based servicing\rebootpending' = ''
    'hklm\software\microsoft\windows\currentversion\policies\explorer' = 'nodrivetypeautorun'
    'hklm\software\microsoft\windows\currentversion\policies\system' = 'consentpromptbehavioradmin, enablelua'
    'hklm\software\microsoft\windows\currentversion\run' = 'owncloud'
    'hklm\software\microsoft\windows\currentversion\uninstall\*' = 'displayname, displayversion, publisher, quietuninstallstring, uninstallstring'
    'hklm\software\microsoft\windows\currentversion\windowsupdate\auto update\rebootrequired' = ''
    'hklm\software\microsoft\windowsupdate\ux\settings' = 'noautoupdate, pauseupdatesexpirytime'
    'hklm\software\norton\{0c55c096-0f1d-4f28-aaa2-85ef591126e7}' = 'productversion'
    'hklm\software\policies\microsoft\windows\installer' = 'allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel'
    'hklm\software\policies\microsoft\windows\windowsupdate\au' = 'noautoupdate, pauseupdatesexpirytime'
    'hklm\software\policies\owncloud\owncloud' = 'skipupdatecheck'
    'hklm\software\policies\owncloud\owncloud\updater' = 'skipupdatecheck'
    'hklm\software\teamviewer' = 'clientid, installationconfigurationid, installationdirectory'
    'hklm\software\teamviewer\devicemanagementv2' = 'managementid, unmanaged'
    'hklm\system\currentcontrolset\control\lsa' = 'allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel'
    'hklm\system\currentcontrolset\control\secureboot\servicing' = 'uefica2023status, uefisecurebootenabled, windowsuefica2023capable'
    'hklm\system\currentcontrolset\control\secureboot\state' = 'uefica2023status, uefisecurebootenabled, windowsuefica2023capable'
    'hklm\system\currentcontrolset\control\session manager\environment' = 'processor_architecture'
    'hklm\system\currentcontrolset\control\terminal server' = 'fdenytsconnections, userauthentication'
    'hklm\system\currentcontrolset\control\terminal server\winstations\rdp-tcp' = 'fdenytsconnections, userauthentication'
    'hklm\system\currentcontrolset\services\lanmanserver\parameters' = 'smb1, start'
    'hklm\system\currentcontrolset\services\lanmanworkstation\parameters' = 'allowinsecureguestauth, alwaysinstallelevated, autoadminlogon, lmcompatibilitylevel'
    'hklm\system\currentcontrolset\services\mrxsmb10' = 'smb1, start'
    'hklm\system\currentcontrolset\services\sharedaccess\parameters\firewallpolicy\domainprofile' = 'enablefirewall'
    'hklm\system\currentcontrolset\services\sharedaccess\parameters\firewallpolicy\publicprofile' = 'enablefirewall'
    'hklm\system\currentcontrolset\services\sharedaccess\parameters\firewallpolicy\standardprofile' = 'enablefirewall'
    'hklm\system\currentcontrolset\services\w32time\parameters' = 'ntpserver, type'
}
$userKeys = @(
    'software\microsoft\windows\currentversion\uninstall'
)
$userValues = @(
    'displayname', 'displayversion'
)
$eventIds = @{
    'application:application error' = '1000, 1002'
    'application:application hang' = '1000, 1002'
    'application:msiinstaller' = '1033, 1034'
    'application:securitycenter' = '15'
    'system:disk' = '7, 11, 52, 153, 154'
    'system:display' = '4101'
    'system:eventlog' = '6013'
    'system:iastora' = '129'
    'system:iastorac' = '129'
    'system:iastoravc' = '129'
    'system:iastorvd' = '129'
    'system:microsoft-windows-eventlog' = '104'
    'system:microsoft-windows-kernel-power' = '41'
    'system:microsoft-windows-memorydiagnostics-results' = '1101, 1102, 1201, 1202'
    'system:microsoft-windows-ntfs' = '55, 98'
    'system:microsoft-windows-resource-exhaustion-detector' = '2004'
    'system:microsoft-windows-time-service' = '35, 52'
    'system:microsoft-windows-wer-systemerrorreporting' = '1001'
    'system:microsoft-windows-whea-logger' = '1, 16, 18, 20, 22, 24, 26, 46, 47'
    'system:microsoft-windows-windowsupdateclient' = '19, 20'
    'system:ntfs' = '55, 98'
    'system:service control manager' = '7000, 7022, 7023, 7024, 7031, 7034'
    'system:storahci' = '129'
    'system:stornvme' = '129'
}
$eventFields = @{
    'application:application error' = '0, appname'
    'application:application hang' = '0, appname'
    'application:msiinstaller' = '0, 1, 3'
    'application:securitycenter' = '0, 1'
    'system:disk' = '0'
    'system:microsoft-windows-eventlog' = 'channel'
    'system:microsoft-windows-kernel-power' = 'bugcheckcode, powerbuttontimestamp'
    'system:microsoft-windows-ntfs' = 'corruptionactionstate'
    'system:microsoft-windows-time-service' = 'timeoffsetseconds'
    'system:microsoft-windows-wer-systemerrorreporting' = 'param1'
    'system:microsoft-windows-windowsupdateclient' = 'errorcode, updateguid, updatetitle'
    'system:ntfs' = 'corruptionactionstate'
    'system:service control manager' = 'param1'
}
$logStarts = @(
    'application', 'system'
)
$fileRoots = @(
    '%programfiles%', '%programfiles(x86)%', '%programdata%', '%systemroot%', 'c:\program files',
    'c:\program files (x86)', 'c:\programdata', 'c:\windows'
)
$fileEndings = @(
    '.dll', '.exe', '.msi', '.sys'
)
$fileFoldersExcept = @(
    'appdata', 'application data', 'desktop', 'documents', 'documents and settings', 'downloads',
    'favorites', 'local settings', 'music', 'my documents', 'onedrive', 'pictures', 'profiles',
    'serviceprofiles', 'spool', 'systemprofile', 'users', 'videos'
)
$profileFiles = @(
    'appdata\roaming\owncloud\owncloud.cfg', 'owncloud\.owncloudsync.log',
    'owncloud\.sync_journal.db'
)
$profileProperties = @(
    'modified_at', 'size_bytes'
)
$settingsFile = @(
    'appdata\roaming\owncloud\owncloud.cfg'
)
$settingsMarkers = @(
    '<n>\Folders\<id>\localPath=', '<n>\Folders\<id>\paused=', '<n>\Folders\<id>\virtualFilesMode=',
    '<n>\url='
)
$runLog = @(
    '{localpath}\.owncloudsync.log'
)
$runMarkers = @(
    '#=#=#=# Syncrun finished', '#=#=#=# Syncrun started', '#=#=#=#=# Propagation starts'
)
$markerWords = @(
    'false', 'off', 'suffix', 'true', 'wincfapi'
)
$markerProperties = @(
    'count', 'first_at', 'last_at', 'number', 'word'
)
# End of what is made.

function Get-FleetList {
    <# .SYNOPSIS Gives the items of a list option, none when it was left out. #>
    param($Options, [string] $Name)
    if ($null -ne $Options -and $null -ne $Options[$Name]) { $Options[$Name] }
}

function Get-FleetProperty {
    <# .SYNOPSIS Gives a property of an object, or null when the object has no such property. #>
    param($Source, [string] $Name)
    if ($null -eq $Source) { return $null }
    $property = $Source.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    return $property.Value
}

function Get-FleetListed {
    <# .SYNOPSIS Gives what a list allows at a place; null when the place is not on it. #>
    param($Table, [string] $Place)
    # Comparing passes over characters that nobody sees; matching does not.
    if ($Place -cmatch '[^ -~]') { return $null }
    return $Table[$Place.ToLowerInvariant()]
}

function Test-FleetListed {
    <# .SYNOPSIS Says whether every name is among the allowed ones, given as one text or as a list. #>
    param([string[]] $Names, $Allowed)
    $known = @($Allowed)
    if ($Allowed -is [string]) { $known = @($Allowed -csplit ', ') }
    foreach ($name in $Names) {
        if ($name -cmatch '[^ -~]' -or -not $name -or $known -cnotcontains $name.ToLowerInvariant()) { return $false }
    }
    return $true
}

function Get-FleetFileRefusal {
    <# .SYNOPSIS Says why a program's file may not be looked at: outside the roots, disguised, or none. #>
    param([string] $Path)
    $lowered = $Path.ToLowerInvariant()
    foreach ($root in $fileRoots) {
        if (-not $lowered.StartsWith("$root\", 'Ordinal')) { continue }
        if ($Path.Length -gt 240 -or $Path -cmatch '[^ -~]') { return 'Malformed' }
        # One folder may be named after a version: `<version>` stands for digits and dots alone.
        $segments = @(($Path.Substring($root.Length + 1) -creplace '\A(.*?)\\<version>\\', '$1\0\').Split('\'))
        foreach ($segment in $segments) {
            # No wildcard, stream, short name, "..", nor the trailing dots and blanks that
            # Windows drops.
            if ($segment -cnotmatch '\A[A-Za-z0-9 ._(){}+&-]+\z') { return 'Malformed' }
            if ($segment -cmatch '\A | \z|\.\z') { return 'Malformed' }
        }
        foreach ($segment in $segments) {
            if ($fileFoldersExcept -ccontains $segment.ToLowerInvariant()) { return 'PersonalFolder' }
        }
        foreach ($ending in $fileEndings) {
            if ($lowered.EndsWith($ending, 'Ordinal')) { return $null }
        }
        return 'NoProgram'
    }
    return 'OutsideRoots'
}

function Get-FleetFilesRefusal {
    <# .SYNOPSIS Says why files may not be looked at. #>
    param($Probe)
    $paths = @(Get-FleetList $Probe 'paths')
    if (-not $Probe['each_profile']) {
        foreach ($path in $paths) {
            $refusal = Get-FleetFileRefusal $path
            if ($refusal) { return $refusal }
        }
        return $null
    }
    if (-not (Test-FleetListed $paths $profileFiles)) { return 'FileNotListed' }
    foreach ($name in @(Get-FleetList $Probe 'properties')) {
        if ($name -cmatch '[^ -~]' -or $profileProperties -cnotcontains $name) { return 'FileNotListed' }
    }
    return $null
}

function Get-FleetMarkerRefusal {
    <# .SYNOPSIS Says why a log may not be opened, or a marker not be looked for in it. #>
    param($Probe)
    $paths = @(Get-FleetList $Probe 'paths')
    $markers = @(Get-FleetList $Probe 'markers')
    if ($paths.Count -ne 1 -or $markers.Count -eq 0) { return 'Malformed' }
    $allowed = @()
    if (Test-FleetListed $paths $settingsFile) { $allowed = $settingsMarkers }
    if (Test-FleetListed $paths $runLog) { $allowed = $runMarkers }
    if ($allowed.Count -eq 0) { return 'FileNotListed' }
    foreach ($marker in $markers) {
        if ($marker -cmatch '[^ -~]' -or $allowed -cnotcontains $marker) { return 'MarkerNotListed' }
    }
    foreach ($name in @(Get-FleetList $Probe 'properties')) {
        if ($name -cmatch '[^ -~]' -or $markerProperties -cnotcontains $name) { return 'ColumnNotListed' }
    }
    return $null
}

function Get-FleetCimRefusal {
    <# .SYNOPSIS Says why a class, its columns or a filter may not be asked for. #>
    param($Probe)
    $associated = $Probe['associated']
    $place = [string]$Probe['namespace'] + ':' + [string]$Probe['class']
    $columns = Get-FleetListed $cimColumns $place
    if ($null -eq $columns) { return 'ClassNotListed' }
    if (-not (Test-FleetListed @(Get-FleetList $Probe 'properties') $columns)) { return 'ColumnNotListed' }
    if ($null -ne $associated) {
        $linked = Get-FleetListed $cimColumns ([string]$Probe['namespace'] + ':' + [string]$associated['class'])
        if ($null -eq $linked) { return 'ClassNotListed' }
        if (-not (Test-FleetListed @(Get-FleetList $associated 'properties') $linked)) { return 'ColumnNotListed' }
    }
    $filter = [string]$Probe['filter']
    $only = Get-FleetListed $cimOnly $place
    if ($null -eq $only) { return Get-FleetFilterRefusal $filter ($columns + ', ' + (Get-FleetListed $cimFilters $place)) }
    if ($filter -cmatch '[^ -~]' -or $filter -cne $only) { return 'FilterNotListed' }
    return $null
}

function Get-FleetFilterRefusal {
    <# .SYNOPSIS Says why a filter may not be used: one on a column tells as much as reading it. #>
    param([string] $Filter, [string] $Columns)
    $bare = $Filter -creplace "'(\\.|[^'\\])*'", '?'
    if ($Filter -cnotmatch '\A[ -~]{0,300}\z' -or $bare -cnotmatch '\A[A-Za-z0-9_ =<>()?]*\z') { return 'Malformed' }
    foreach ($word in ($bare -csplit '[^A-Za-z0-9_]+')) {
        if ($word -cmatch '\A([0-9]*|[Aa][Nn][Dd]|[Ff][Aa][Ll][Ss][Ee]|[Ii][Ss]|[Ll][Ii][Kk][Ee]|[Nn][Oo][Tt]|[Nn][Uu][Ll][Ll]|[Oo][Rr]|[Tt][Rr][Uu][Ee])\z') { continue }
        if (-not (Test-FleetListed $word $Columns)) { return 'ColumnNotListed' }
    }
    return $null
}

function Get-FleetEventRefusal {
    <# .SYNOPSIS Says why events may not be read. #>
    param($Probe)
    $providers = @(Get-FleetList $Probe 'providers')
    $ids = @(Get-FleetList $Probe 'ids')
    if ($providers.Count -eq 0 -or $ids.Count -eq 0) { return 'Malformed' }
    foreach ($provider in $providers) {
        $place = [string]$Probe['log'] + ':' + $provider
        $allowed = Get-FleetListed $eventIds $place
        if ($null -eq $allowed) { return 'LogNotListed' }
        if (-not (Test-FleetListed $ids $allowed)) { return 'EventNotListed' }
        if (-not (Test-FleetListed @(Get-FleetList $Probe 'fields') (Get-FleetListed $eventFields $place))) { return 'ColumnNotListed' }
    }
    return $null
}

function Get-FleetRegistryRefusal {
    <# .SYNOPSIS Says why a key or a value may not be read. #>
    param($Probe)
    $below = ''
    if ($Probe['subkeys']) { $below = '\*' }
    foreach ($key in @(Get-FleetList $Probe 'keys')) {
        if ($key -cmatch '[^ -~]|[*]') { return 'KeyNotListed' }
        # Where 32-bit programs have the same keys.
        $place = ($key -replace '\AHKLM\\SOFTWARE\\WOW6432Node\\', 'HKLM\SOFTWARE\') + $below
        $allowed = Get-FleetListed $registryValues $place
        if ($null -eq $allowed) { return 'KeyNotListed' }
        if (-not (Test-FleetListed @(Get-FleetList $Probe 'values') $allowed)) { return 'ValueNotListed' }
    }
    return $null
}

function Get-FleetUserRefusal {
    <# .SYNOPSIS Says why people's own keys may not be read: only programs that the probe names. #>
    param($Probe)
    $programs = @(Get-FleetList $Probe 'names')
    if ($programs.Count -eq 0) { return 'Malformed' }
    foreach ($program in $programs) {
        if ($program -cnotmatch '\A[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}\z') { return 'Malformed' }
    }
    if (-not (Test-FleetListed @(Get-FleetList $Probe 'keys') $userKeys)) { return 'KeyNotListed' }
    if (-not (Test-FleetListed @(Get-FleetList $Probe 'values') $userValues)) { return 'ValueNotListed' }
    return $null
}

function Get-FleetRefusal {
    <# .SYNOPSIS Says in one language-free word why a probe may not run; null when it may. #>
    param($Probe)
    # Takes no arguments and tells nothing but numbers: there is nothing to refuse.
    if ($Probe['kind'] -ceq 'accounts') { return $null }
    if ($Probe['kind'] -ceq 'cim') { return Get-FleetCimRefusal $Probe }
    if ($Probe['kind'] -ceq 'event_log') { return Get-FleetEventRefusal $Probe }
    if ($Probe['kind'] -ceq 'file') { return Get-FleetFilesRefusal $Probe }
    if ($Probe['kind'] -ceq 'log_start') {
        if (Test-FleetListed ([string]$Probe['log']) $logStarts) { return $null }
        return 'LogNotListed'
    }
    if ($Probe['kind'] -ceq 'marker') { return Get-FleetMarkerRefusal $Probe }
    if ($Probe['kind'] -ceq 'registry') {
        if ($Probe['each_user']) { return Get-FleetUserRefusal $Probe }
        return Get-FleetRegistryRefusal $Probe
    }
    return 'UnknownKind'
}

function ConvertTo-FleetValue {
    <# .SYNOPSIS Turns a scalar into what JSON holds in every language: UTC text, safe integers. #>
    param($Value)
    if ($null -eq $Value -or $Value -is [bool]) { return $Value }
    if ($Value -is [datetime]) { return $Value.ToUniversalTime().ToString('s') + 'Z' }
    if ($Value -is [double] -or $Value -is [float]) { return [double]$Value }
    $text = [string]$Value
    if ($Value -is [string] -or $Value -is [char]) { return $text }
    if ($text -cnotmatch '\A-?[0-9]+\z') { return $text }
    # Beyond 2^53 - 1 a JSON reader may round; the exact decimal text travels instead.
    $number = [decimal]$text
    if ($number -gt 9007199254740991 -or $number -lt -9007199254740991) { return $text }
    return [long]$text
}

function Add-FleetColumn {
    <# .SYNOPSIS Puts one property of an object into a row; null when it is not there. #>
    param($Row, $Source, [string] $Name)
    $Row[$Name] = $null
    if ($null -eq $Source) { return }
    $property = $Source.PSObject.Properties[$Name]
    if ($null -eq $property) { return }
    $value = $property.Value
    if ($value -is [byte[]]) { return }
    if ($value -is [array]) {
        $Row[$Name] = @(foreach ($item in $value) { ConvertTo-FleetValue $item })
    } else {
        $Row[$Name] = ConvertTo-FleetValue $value
    }
}

function ConvertTo-FleetError {
    <# .SYNOPSIS Turns an error into a kind and a language-free id; its message is localised. #>
    param($ErrorRecord)
    $id = ([string]$ErrorRecord.FullyQualifiedErrorId).Split(',')[0]
    if ($id -cnotmatch '\A((HRESULT|MI RESULT|Windows System Error) [0-9A-Fa-fx]+|[A-Za-z0-9._]+)\z') {
        $id = 'Unidentified'
    }
    $lowered = $id.ToLowerInvariant()
    $kind = 'failed'
    if ($lowered -cmatch '0x(80041002|8004100e|80041010)|mi result [356]\z|nomatchinglogsfound') {
        $kind = 'not_found'
    } elseif ($lowered -cmatch '0x(80041003|80070005)|mi result 2\z|error 5\z|unauthorizedaccess|securityexception|loginfo') {
        $kind = 'access_denied'
    } elseif ($lowered -cmatch '0x(0*40004|80041069|80338029|800705b4)|timeoutexception|probelimitpassed') {
        $kind = 'timeout'
    } elseif ($lowered -cmatch '0x(8004100c|80041024)|mi result 7\z|notsupported|commandnotfound') {
        $kind = 'unsupported'
    }
    return @{ kind = $kind; message = $id }
}

function Test-FleetAbsent {
    <# .SYNOPSIS Says whether an error means that a key, file or drive is not there. #>
    param($ErrorRecord)
    return $ErrorRecord.FullyQualifiedErrorId -cmatch '\A(PathNotFound|ItemNotFound|DriveNotFound)'
}

function Get-FleetSecond {
    <# .SYNOPSIS Gives the whole seconds that a probe has left; fails when there are none. #>
    param($Probe)
    $left = [int]($Probe['until'] - (Get-Date).ToUniversalTime()).TotalSeconds
    if ($left -lt 0) { throw 'ProbeLimitPassed' }
    if ($left -lt 1) { return 1 }
    return $left
}

function Get-FleetCimRow {
    <# .SYNOPSIS Gives the named properties of each instance of a class. #>
    param($Probe)
    $columns = @(Get-FleetList $Probe 'properties')
    $associated = $Probe['associated']
    $query = @{
        Namespace = $Probe['namespace']
        ClassName = $Probe['class']
        OperationTimeoutSec = Get-FleetSecond $Probe
        ErrorAction = 'Stop'
    }
    if ($Probe['filter']) { $query['Filter'] = $Probe['filter'] }
    # An association starts from a whole instance: one with chosen properties has lost its keys.
    if ($null -eq $associated) { $query['Property'] = [string[]]$columns }
    foreach ($instance in @(Get-CimInstance @query)) {
        $row = [ordered]@{}
        foreach ($name in $columns) { Add-FleetColumn $row $instance $name }
        if ($null -ne $associated) {
            $linked = Get-FleetAssociated -Instance $instance -Class $associated['class'] -Seconds (Get-FleetSecond $Probe)
            foreach ($name in @(Get-FleetList $associated 'properties')) { Add-FleetColumn $row $linked $name }
        }
        $row
    }
}

function Get-FleetAssociated {
    <# .SYNOPSIS Gives the first associated instance, or null: many disks keep no counters. #>
    param($Instance, [string] $Class, [int] $Seconds)
    $query = @{
        InputObject = $Instance
        ResultClassName = $Class
        OperationTimeoutSec = $Seconds
        ErrorAction = 'Stop'
    }
    try {
        foreach ($linked in @(Get-CimAssociatedInstance @query)) { return $linked }
    } catch {
        $kind = (ConvertTo-FleetError $_)['kind']
        if ($kind -ceq 'access_denied' -or $kind -ceq 'timeout') { throw }
    }
    return $null
}

function Get-FleetRegistryRow {
    <# .SYNOPSIS Gives the named values of each key that exists; never a whole key. #>
    param($Probe)
    foreach ($key in @(Get-FleetList $Probe 'keys')) {
        $path = 'Registry::HKEY_LOCAL_MACHINE' + $key.Substring(4)
        foreach ($found in @(Get-FleetRegistryKey -Path $path -Subkeys $Probe['subkeys'])) {
            $row = [ordered]@{ key = $key + $found }
            Add-FleetRegistryValue -Probe $Probe -Row $row -Path ($path + $found)
            $row
        }
    }
}

function Add-FleetRegistryValue {
    <# .SYNOPSIS Puts the named values of one key into a row; null for what is not there. #>
    param($Probe, $Row, [string] $Path)
    foreach ($name in @(Get-FleetList $Probe 'values')) {
        $source = Get-ItemProperty -LiteralPath $Path -Name $name -ErrorAction SilentlyContinue
        Add-FleetColumn $Row $source $name
        $null = Get-FleetSecond $Probe
    }
}

function Get-FleetRegistryKey {
    <# .SYNOPSIS Gives what to add to the path: nothing if the key exists, or each name directly below it. #>
    param([string] $Path, [bool] $Subkeys)
    try {
        if ($Subkeys) {
            foreach ($child in @(Get-ChildItem -LiteralPath $Path -ErrorAction Stop)) { '\' + $child.PSChildName }
        } else {
            $null = Get-Item -LiteralPath $Path -ErrorAction Stop
            ''
        }
    } catch {
        if (-not (Test-FleetAbsent $_)) { throw }
    }
}

function Get-FleetUserRow {
    <# .SYNOPSIS Gives the named programs that people who are logged on installed for themselves. #>
    param($Probe)
    $hives = @(
        foreach ($child in @(Get-ChildItem -LiteralPath 'Registry::HKEY_USERS' -ErrorAction Stop)) { [string]$child.PSChildName }
    )
    $number = 0
    foreach ($sid in @(Select-FleetPerson $hives)) {
        $number++
        foreach ($key in @(Get-FleetList $Probe 'keys')) {
            $path = "Registry::HKEY_USERS\$sid\$key"
            foreach ($found in @(Get-FleetRegistryKey -Path $path -Subkeys $true)) {
                $source = Get-ItemProperty -LiteralPath ($path + $found) -Name 'DisplayName' -ErrorAction SilentlyContinue
                if (-not (Test-FleetNamed $Probe ([string](Get-FleetProperty $source 'DisplayName')))) { continue }
                $row = [ordered]@{ user = $number }
                Add-FleetRegistryValue -Probe $Probe -Row $row -Path ($path + $found)
                $row
            }
        }
    }
}

function Test-FleetNamed {
    <# .SYNOPSIS Says whether a program is one that the probe names; no other is told of. #>
    param($Probe, [string] $Program)
    foreach ($name in @(Get-FleetList $Probe 'names')) {
        if ($Program.StartsWith($name, 'OrdinalIgnoreCase')) { return $true }
    }
    return $false
}

function Select-FleetPerson {
    <# .SYNOPSIS Gives the SIDs of people among names, in order; they stay on the PC. #>
    param([string[]] $Names)
    # Windows PowerShell sorts as if hyphens were not there; PowerShell 7 does not.
    foreach ($sid in @($Names | Sort-Object -Property { $_.Replace('-', '_') })) {
        if ((ConvertTo-FleetAccount $sid) -ceq 'user' -and $sid -cnotmatch '[^S0-9-]') { $sid }
    }
}

function Get-FleetAccountRow {
    <# .SYNOPSIS Counts accounts and administrators by kind of SID; no name and no SID leaves the PC. #>
    param($Probe)
    $rows = [ordered]@{}
    $local = @{}
    $query = @{ Namespace = 'root/cimv2'; OperationTimeoutSec = Get-FleetSecond $Probe; ErrorAction = 'Stop' }
    foreach ($account in @(Get-CimInstance @query -ClassName 'Win32_UserAccount' -Filter 'LocalAccount = TRUE')) {
        $sid = [string](Get-FleetProperty $account 'SID')
        $local[$sid] = $true
        $row = Get-FleetAccountCount -Rows $rows -Class (ConvertTo-FleetAccountClass $sid $true)
        $row['accounts']++
        if (-not (Get-FleetProperty $account 'Disabled')) { $row['enabled']++ }
    }
    $query['OperationTimeoutSec'] = Get-FleetSecond $Probe
    $filter = "LocalAccount = TRUE AND SID = 'S-1-5-32-544'"
    foreach ($group in @(Get-CimInstance @query -ClassName 'Win32_Group' -Filter $filter)) {
        $members = @{ InputObject = $group; Association = 'Win32_GroupUser'; OperationTimeoutSec = Get-FleetSecond $Probe }
        foreach ($member in @(Get-CimAssociatedInstance @members -ErrorAction Stop)) {
            $sid = [string](Get-FleetProperty $member 'SID')
            $row = Get-FleetAccountCount -Rows $rows -Class (ConvertTo-FleetAccountClass $sid $local.ContainsKey($sid))
            # Who is switched off administers nothing.
            if (-not (Get-FleetProperty $member 'Disabled')) { $row['administrators']++ }
        }
    }
    return @($rows.Values)
}

function Get-FleetAccountCount {
    <# .SYNOPSIS Gives the row of a kind of account, making it. #>
    param($Rows, [string] $Class)
    if (-not $Rows.Contains($Class)) {
        $Rows[$Class] = [ordered]@{ class = $Class; accounts = 0; enabled = 0; administrators = 0 }
    }
    return $Rows[$Class]
}

function ConvertTo-FleetAccountClass {
    <# .SYNOPSIS Turns a SID into one of six kinds of account. #>
    param([string] $Sid, [bool] $Local)
    if ($Sid -cmatch '\AS-1-12-1-') { return 'cloud' }
    if ($Sid -cnotmatch '\AS-1-5-21-') { return 'windows' }
    if (-not $Local) { return 'domain' }
    if ($Sid -cmatch '-500\z') { return 'built_in_administrator' }
    if ($Sid -cmatch '-501\z') { return 'guest' }
    if ($Sid -cmatch '-50[0-9]\z') { return 'windows' }
    return 'local'
}

function Get-FleetEventRow {
    <# .SYNOPSIS Gives events, newest first: numbers, times and named data, never the message. #>
    param($Probe)
    $fields = @(Get-FleetList $Probe 'fields')
    $records = @(
        foreach ($provider in @(Get-FleetList $Probe 'providers')) { Get-FleetEvent $Probe $provider }
    )
    if ($records.Count -eq 0) { Assert-FleetLog $Probe['log'] }
    $order = @('TimeCreated', 'RecordId')
    $newest = @($records | Sort-Object -Property $order -Descending | Select-Object -First $Probe['max'])
    foreach ($record in $newest) {
        $sid = [string](Get-FleetProperty $record 'UserId')
        $row = [ordered]@{
            record_id = ConvertTo-FleetValue (Get-FleetProperty $record 'RecordId')
            event_id = ConvertTo-FleetValue (Get-FleetProperty $record 'Id')
            time = ConvertTo-FleetValue (Get-FleetProperty $record 'TimeCreated')
            level = ConvertTo-FleetValue (Get-FleetProperty $record 'Level')
            provider = [string](Get-FleetProperty $record 'ProviderName')
            account = ConvertTo-FleetAccount $sid
            data = Get-FleetEventData $record $fields
        }
        if ($Probe['digest_account']) { $row['account_digest'] = ConvertTo-FleetDigest $sid }
        $row
    }
}

function Get-FleetLogStart {
    <# .SYNOPSIS Gives the oldest record of a log: what came before it, the log does not know. #>
    param($Probe)
    $oldest = $null
    try {
        $oldest = Get-WinEvent -LogName $Probe['log'] -Oldest -MaxEvents 1 -ErrorAction Stop
    } catch {
        if ($_.FullyQualifiedErrorId -cnotmatch '\ANoMatchingEventsFound') { throw }
    }
    [ordered]@{
        log = $Probe['log']
        oldest_at = ConvertTo-FleetValue (Get-FleetProperty $oldest 'TimeCreated')
        oldest_record_id = ConvertTo-FleetValue (Get-FleetProperty $oldest 'RecordId')
    }
}

function Get-FleetEvent {
    <# .SYNOPSIS Gives one provider's events; a provider that is not registered has none. #>
    param($Probe, [string] $Provider)
    $filter = @{
        LogName = $Probe['log']
        ProviderName = $Provider
        Id = [int[]]@(Get-FleetList $Probe 'ids')
    }
    # Get-WinEvent writes the moment out without its zone and reads it again as local time.
    if ($Probe['since']) { $filter['StartTime'] = ([datetime]$Probe['since']).ToLocalTime() }
    try {
        Get-WinEvent -FilterHashtable $filter -MaxEvents $Probe['max'] -ErrorAction Stop | ForEach-Object {
            $null = Get-FleetSecond $Probe
            $_
        }
    } catch {
        $none = '\A(NoMatchingEventsFound|NoMatchingProvidersFound|LogsAndProvidersDontOverlap)'
        if ($_.FullyQualifiedErrorId -cnotmatch $none) { throw }
    }
}

function Assert-FleetLog {
    <# .SYNOPSIS Fails when the log may not be read: a query by provider then just finds nothing. #>
    param([string] $Log)
    try {
        $null = Get-WinEvent -LogName $Log -MaxEvents 1 -ErrorAction Stop
    } catch {
        # An empty log, or a newest event that Windows cannot put into words, is no refusal.
        if ((ConvertTo-FleetError $_)['kind'] -ceq 'access_denied') { throw }
    }
}

function Get-FleetEventData {
    <# .SYNOPSIS Gives the declared fields of an event, by name or by position. #>
    param($Record, [string[]] $Fields)
    $data = @{}
    if ($Fields.Count -eq 0) { return $data }
    $document = [xml]$Record.ToXml()
    $elements = @($document.GetElementsByTagName('Data'))
    foreach ($field in $Fields) {
        $data[$field] = $null
        for ($index = 0; $index -lt $elements.Count; $index++) {
            $name = $elements[$index].GetAttribute('Name')
            if ($name -ceq $field -or ($name -ceq '' -and "$index" -ceq $field)) {
                $data[$field] = [string]$elements[$index].InnerText
                break
            }
        }
        # Some providers have words of their own instead of data.
        foreach ($told in @($document.GetElementsByTagName('UserData'))) {
            foreach ($element in @($told.GetElementsByTagName($field))) { $data[$field] = [string]$element.InnerText }
        }
    }
    return $data
}

function ConvertTo-FleetAccount {
    <# .SYNOPSIS Turns a SID into the kind of account; the SID itself never leaves the PC. #>
    param([string] $Sid)
    if ($Sid -ceq 'S-1-5-18') { return 'system' }
    if ($Sid -ceq 'S-1-5-19' -or $Sid -ceq 'S-1-5-20') { return 'service' }
    if ($Sid -cmatch '\AS-1-(5-21|12-1)-') { return 'user' }
    return $null
}

function ConvertTo-FleetDigest {
    <# .SYNOPSIS Turns a person's SID into a keyed digest; null without a key, or for no person. #>
    param([string] $Sid)
    $key = [string]$module.Params['account_key']
    if (-not $key -or (ConvertTo-FleetAccount $Sid) -cne 'user') { return $null }
    # Nothing of the system is asked here: no cmdlet makes a keyed digest.
    $bytes = [byte[]][char[]]$key
    $hmac = New-Object -TypeName 'System.Security.Cryptography.HMACSHA256' -ArgumentList @(, $bytes)
    $digest = $hmac.ComputeHash([byte[]][char[]]$Sid)
    return -join @(foreach ($byte in $digest) { $byte.ToString('x2') })
}

function Get-FleetFileRow {
    <# .SYNOPSIS Gives one row for each path, or for each path in each profile. #>
    param($Probe)
    $properties = @(Get-FleetList $Probe 'properties')
    $folders = @()
    if ($Probe['each_profile']) { $folders = @(Get-FleetProfileFolder) }
    foreach ($path in @(Get-FleetList $Probe 'paths')) {
        if (-not $Probe['each_profile']) {
            Get-FleetFile -Declared $path -Path (Get-FleetVersionPath (ConvertTo-FleetFilePath $path)) -Number $null -Properties $properties
            $null = Get-FleetSecond $Probe
            continue
        }
        for ($index = 0; $index -lt $folders.Count; $index++) {
            $full = ''
            if ($folders[$index]) { $full = $folders[$index] + '\' + $path }
            Get-FleetFile -Declared $path -Path $full -Number ($index + 1) -Properties $properties
            $null = Get-FleetSecond $Probe
        }
    }
}

function Get-FleetProfileFolder {
    <# .SYNOPSIS Gives the folder of each person's profile, ordered by SID; stays on the PC. #>
    $list = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    $sids = @(
        foreach ($child in @(Get-ChildItem -LiteralPath $list -ErrorAction Stop)) { [string]$child.PSChildName }
    )
    foreach ($sid in @(Select-FleetPerson $sids)) {
        $source = Get-ItemProperty -LiteralPath "$list\$sid" -Name 'ProfileImagePath' -ErrorAction SilentlyContinue
        [string](Get-FleetProperty $source 'ProfileImagePath')
    }
}

function ConvertTo-FleetFilePath {
    <# .SYNOPSIS Puts this PC's folder in the place of the leading name, such as %ProgramData%. #>
    param([string] $Path)
    $folders = @{
        '%ProgramFiles%' = $env:ProgramFiles
        '%ProgramFiles(x86)%' = ${env:ProgramFiles(x86)}
        '%ProgramData%' = $env:ProgramData
        '%SystemRoot%' = $env:SystemRoot
    }
    foreach ($name in @($folders.Keys)) {
        if ($Path.StartsWith("$name\", 'OrdinalIgnoreCase')) {
            if (-not $folders[$name]) { return '' }
            return $folders[$name] + $Path.Substring($name.Length)
        }
    }
    return $Path
}

function Get-FleetVersionPath {
    <# .SYNOPSIS Puts the newest version whose folder holds the file in the place of `<version>`; nothing if none does. #>
    param([string] $Path)
    $before, $after = $Path -csplit '\\<version>\\', 2
    if ($null -eq $after) { return $Path }
    $names = @()
    try {
        $names = @(foreach ($child in @(Get-ChildItem -LiteralPath $before -Force -ErrorAction Stop)) { [string]$child.Name })
    } catch {
        if (-not (Test-FleetAbsent $_)) { throw }
    }
    $versions = @($names -cmatch '\A[0-9]{1,9}(\.[0-9]{1,9}){1,3}\z' | Sort-Object -Property { [version]$_ } -Descending)
    foreach ($version in $versions) {
        $full = $before + '\' + $version + '\' + $after
        if ((Get-FleetFile -Declared '' -Path $full -Number $null -Properties @())['exists']) { return $full }
    }
    return ''
}

function Get-FleetFile {
    <# .SYNOPSIS Gives whether a file is there, and its size, time, version or signer. #>
    param([string] $Declared, [string] $Path, $Number, [string[]] $Properties)
    $row = [ordered]@{ path = $Declared; profile = $Number; exists = $false }
    foreach ($name in $Properties) { $row[$name] = $null }
    if (-not $Path) { return $row }
    try {
        $item = Get-Item -LiteralPath $Path -Force -ErrorAction Stop
    } catch {
        if (Test-FleetAbsent $_) { return $row }
        throw
    }
    $row['exists'] = $true
    foreach ($name in $Properties) {
        if ($name -ceq 'size_bytes') { $row[$name] = ConvertTo-FleetValue (Get-FleetProperty $item 'Length') }
        if ($name -ceq 'modified_at') { $row[$name] = ConvertTo-FleetValue (Get-FleetProperty $item 'LastWriteTimeUtc') }
        if ($name -ceq 'version') { $row[$name] = ConvertTo-FleetVersion (Get-FleetProperty $item 'VersionInfo') }
        if ($name -ceq 'signer') { $row[$name] = Get-FleetSigner $Path }
    }
    return $row
}

function ConvertTo-FleetVersion {
    <# .SYNOPSIS Turns version info into four numbers; its text may carry words. #>
    param($VersionInfo)
    $parts = @(
        foreach ($name in @('FileMajorPart', 'FileMinorPart', 'FileBuildPart', 'FilePrivatePart')) {
            [string](Get-FleetProperty $VersionInfo $name)
        }
    )
    $version = $parts -join '.'
    if ($version -cnotmatch '[1-9]') { return $null }
    return $version
}

function Get-FleetSigner {
    <# .SYNOPSIS Gives the name on a valid signature, or null. #>
    param([string] $Path)
    $signature = Get-AuthenticodeSignature -LiteralPath $Path -ErrorAction Stop
    if ([string](Get-FleetProperty $signature 'Status') -cne 'Valid') { return $null }
    $certificate = Get-FleetProperty $signature 'SignerCertificate'
    $subject = [string](Get-FleetProperty $certificate 'Subject')
    if ($subject -cmatch '(\A|, )CN="(?<name>[^"]+)"') { return $Matches['name'] }
    if ($subject -cmatch '(\A|, )CN=(?<name>[^,]+)') { return $Matches['name'] }
    return $null
}

function Get-FleetMarkerRow {
    <# .SYNOPSIS Gives the marked lines of each profile: of its settings, or of each folder's log. #>
    param($Probe)
    $path = @(Get-FleetList $Probe 'paths')[0]
    $folders = @(Get-FleetProfileFolder)
    for ($index = 0; $index -lt $folders.Count; $index++) {
        $settings = Get-FleetSetting $folders[$index]
        $logs = @($settings)
        if ($runLog -ccontains $path.ToLowerInvariant()) { $logs = @(Get-FleetRunLog $settings) }
        foreach ($log in $logs) { ConvertTo-FleetMarkerRow -Probe $Probe -Path $path -Number ($index + 1) -Log $log }
    }
}

function Get-FleetSetting {
    <# .SYNOPSIS Gives the client's settings of a profile: each line of an account or a folder. #>
    param([string] $Folder)
    $settings = @{ folder = $null; exists = $false; lines = @() }
    if (-not $Folder) { return $settings }
    $tail = Get-FleetTail ($Folder + '\' + $settingsFile[0])
    $settings['exists'] = $tail['exists']
    $settings['lines'] = $null
    if ($null -eq $tail['lines']) { return $settings }
    $group = '(?<in>(Folders|Multifolders|FoldersWithPlaceholders)\\[^\\=]{1,64}\\)?'
    $settingsLine = '^[0-9A-Za-z-]{1,64}\\' + $group + '(?<rest>[A-Za-z]{1,32}=.*)$'
    $numbers = @{}
    $settings['lines'] = @(
        foreach ($line in $tail['lines']) {
            if ($line -cnotmatch $settingsLine) { continue }
            $head = '<n>\'
            $number = $null
            $rest = $Matches['rest']
            if ($Matches['in']) {
                $id = $line.Substring(0, $line.Length - $rest.Length)
                if (-not $numbers.ContainsKey($id)) { $numbers[$id] = $numbers.Count + 1 }
                $head = '<n>\Folders\<id>\'
                $number = $numbers[$id]
            }
            @{ text = $head + $rest; folder = $number }
        }
    )
    return $settings
}

function Get-FleetRunLog {
    <# .SYNOPSIS Gives the log of each folder that the settings name; where it lies stays on the PC. #>
    param($Settings)
    $begin = $settingsMarkers[0]
    $found = @(
        Get-FleetList $Settings 'lines' | Where-Object { $_['text'].StartsWith($begin, 'Ordinal') } |
            Select-Object -First 20
    )
    # Nothing is known of folders when the settings could not be read; else there is none.
    if ($found.Count -eq 0) {
        $exists = $false
        if ($null -eq $Settings['lines']) { $exists = $null }
        return @{ folder = $null; exists = $exists; lines = $Settings['lines'] }
    }
    foreach ($line in $found) {
        $root = ConvertTo-FleetSyncRoot $line['text'].Substring($begin.Length)
        $log = @{ exists = $null; lines = $null }
        if ($root) { $log = Get-FleetTail ($root + '\.owncloudsync.log') }
        $log['folder'] = $line['folder']
        if ($null -ne $log['lines']) {
            $log['lines'] = @(foreach ($text in $log['lines']) { @{ text = $text; folder = $line['folder'] } })
        }
        $log
    }
}

function ConvertTo-FleetSyncRoot {
    <# .SYNOPSIS Turns a folder as the client spells it into one on a lettered drive; null for any other. #>
    param([string] $Value)
    $path = $Value
    if ($path -cmatch '^"(?<inner>.*)"$') { $path = $Matches['inner'] }
    while ($path -cmatch '\\x(?<code>[0-9a-f]{1,4})') {
        $path = $path.Replace($Matches[0], [string][char][int]('0x' + $Matches['code']))
    }
    $path = $path.Replace('\\', '\').Replace('/', '\').TrimEnd('\')
    # No share or device (the PC would sign in there), no climbing, no stream, no wildcard.
    if ($path -cnotmatch '\A[A-Za-z]:(\\[^\\:*?"<>|\x00-\x1f]+)*\z') { return $null }
    if ($path.Length -gt 200 -or $path -cmatch '\\\.{1,2}(\\|\z)') { return $null }
    return $path
}

function Get-FleetTail {
    <# .SYNOPSIS Gives whether a log is there, and its last lines, null when it cannot be read. #>
    param([string] $Path)
    $tail = @{ exists = $false; lines = @() }
    try {
        $item = Get-Item -LiteralPath $Path -Force -ErrorAction Stop
    } catch {
        # A drive of the person's own is not there for whoever comes in from outside.
        if ($_.FullyQualifiedErrorId -cnotmatch '\ADriveNotFound' -and (Test-FleetAbsent $_)) { return $tail }
        if ((ConvertTo-FleetError $_)['kind'] -ceq 'access_denied') { throw }
        return @{ exists = $null; lines = $null }
    }
    $tail = @{ exists = $true; lines = $null }
    # A link may lead anywhere; the client begins a new log at 10 MiB, here it ends at 64.
    if ($item.PSIsContainer -or ([int]$item.Attributes -band 1024) -or $item.Length -gt 67108864) { return $tail }
    try {
        $tail['lines'] = @(Get-Content -LiteralPath $Path -Tail 10000 -Encoding UTF8 -Force -ErrorAction Stop)
    } catch {
        if ((ConvertTo-FleetError $_)['kind'] -ceq 'access_denied') { throw }
    }
    return $tail
}

function ConvertTo-FleetMarkerRow {
    <# .SYNOPSIS Gives one row for each marker, folder and word: counts, moments and numbers, no other text. #>
    param($Probe, [string] $Path, [int] $Number, $Log)
    $moment = '(?<at>20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)'
    $duration = '( \(last step: [0-9]{1,9} msec ?, total: (?<number>[0-9]{1,9}) msec\)$)?'
    $rest = '^((?<word>' + ($markerWords -join '|') + ')$| ' + $moment + $duration + ')'
    $properties = @(Get-FleetList $Probe 'properties')
    foreach ($marker in @(Get-FleetList $Probe 'markers')) {
        $rows = [ordered]@{}
        foreach ($line in @(Get-FleetList $Log 'lines')) {
            if (-not $line['text'].StartsWith($marker, 'Ordinal')) { continue }
            $told = @{}
            if ($line['text'].Substring($marker.Length) -cmatch $rest) { $told = $Matches }
            $key = [string]$line['folder'] + '|' + $told['word']
            if (-not $rows.Contains($key)) {
                $rows[$key] = @{ folder = $line['folder']; word = $told['word']; count = 0; first_at = $told['at'] }
            }
            $row = $rows[$key]
            $row['count']++
            if (-not $told['at']) { continue }
            if (-not $row['first_at']) { $row['first_at'] = $told['at'] }
            $row['last_at'] = $told['at']
            $row['number'] = $null
            if ($told['number']) { $row['number'] = [long]$told['number'] }
        }
        if ($rows.Count -eq 0) {
            $rows[''] = @{ folder = $Log['folder']; count = 0 }
            if ($null -eq $Log['lines']) { $rows['']['count'] = $null }
        }
        foreach ($row in $rows.Values) {
            $shown = [ordered]@{ path = $Path; profile = $Number; folder = $row['folder']; marker = $marker; exists = $Log['exists'] }
            foreach ($name in $properties) { $shown[$name] = $row[$name] }
            $shown
        }
    }
}

function Invoke-FleetProbe {
    <# .SYNOPSIS Runs one probe; whatever happens stays inside its own answer. #>
    param($Probe, [int] $SecondsLeft)
    $seconds = $Probe['timeout_seconds']
    if ($seconds -gt $SecondsLeft) { $seconds = $SecondsLeft }
    try {
        $refusal = Get-FleetRefusal $Probe
        if ($refusal) { return @{ error = @{ kind = 'refused'; message = $refusal } } }
        if ($seconds -lt 1) { return @{ error = @{ kind = 'timeout'; message = 'DeadlinePassed' } } }
        $Probe['until'] = (Get-Date).ToUniversalTime().AddSeconds($seconds)
        $rows = @()
        if ($Probe['kind'] -ceq 'accounts') { $rows = @(Get-FleetAccountRow $Probe) }
        if ($Probe['kind'] -ceq 'cim') { $rows = @(Get-FleetCimRow $Probe) }
        if ($Probe['kind'] -ceq 'registry') {
            if ($Probe['each_user']) { $rows = @(Get-FleetUserRow $Probe) } else { $rows = @(Get-FleetRegistryRow $Probe) }
        }
        if ($Probe['kind'] -ceq 'event_log') { $rows = @(Get-FleetEventRow $Probe) }
        if ($Probe['kind'] -ceq 'file') { $rows = @(Get-FleetFileRow $Probe) }
        if ($Probe['kind'] -ceq 'log_start') { $rows = @(Get-FleetLogStart $Probe) }
        if ($Probe['kind'] -ceq 'marker') { $rows = @(Get-FleetMarkerRow $Probe) }
        return @{ rows = $rows }
    } catch {
        return @{ error = ConvertTo-FleetError $_ }
    }
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# In UTC: when summer time begins or ends, local time jumps by an hour.
$started = (Get-Date).ToUniversalTime()
$facts = @{}
$module.Result.collected_at = ConvertTo-FleetValue $started
$module.Result.facts = $facts

foreach ($probe in @($module.Params['probes'])) {
    $begun = (Get-Date).ToUniversalTime()
    $left = $module.Params['deadline_seconds'] - [int]($begun - $started).TotalSeconds
    $answer = Invoke-FleetProbe $probe $left
    $answer['ms'] = [int]((Get-Date).ToUniversalTime() - $begun).TotalMilliseconds
    $facts[$probe['id']] = $answer
}

$module.ExitJson()
