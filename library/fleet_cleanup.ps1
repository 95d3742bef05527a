#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Frees space in temporary folders on a fixed list; returns numbers, never a file's name.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        areas = @{
            type = 'list'
            elements = 'str'
            choices = @('windows_temp', 'update_download_cache', 'profile_temp')
            default = @('windows_temp', 'update_download_cache')
        }
        older_than_days = @{ type = 'int'; default = 7 }
    }
    supports_check_mode = $true
}

# They download updates into the update cache and read them from there.
$updateServices = @('bits', 'dosvc', 'usosvc', 'wuauserv')
# Where a call that is killed leaves word of the services that it had stopped.
$markerParent = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Custode'
$marker = $markerParent + '\Cleanup'

# People open attachments and unpack archives into temporary folders and work on them there.
$keptExtensions = @(
    '.doc', '.docx', '.eml', '.jpeg', '.jpg', '.kdbx', '.key', '.mbox', '.msg', '.nst', '.ods', '.odt',
    '.ost', '.p12', '.pdf', '.pem', '.pfx', '.png', '.ppt', '.pptx', '.pst', '.rtf', '.txt', '.xls', '.xlsx'
)

function Get-FleetProfileTemp {
    <# .SYNOPSIS Gives the temporary folder of each person's profile. #>
    $list = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    foreach ($child in @(Get-ChildItem -LiteralPath $list -ErrorAction Stop)) {
        $sid = [string]$child.PSChildName
        if ($sid -cnotmatch '\AS-1-(5-21|12-1)-[0-9-]+\z') { continue }
        $source = Get-ItemProperty -LiteralPath "$list\$sid" -Name 'ProfileImagePath' -ErrorAction SilentlyContinue
        if ($null -ne $source -and $source.ProfileImagePath) {
            $source.ProfileImagePath + '\AppData\Local\Temp'
        }
    }
}

function Get-FleetCleanupFolder {
    <# .SYNOPSIS Gives the folders of an area; the only place that says where to look. #>
    param([string] $Area)
    if ($Area -eq 'windows_temp') { return $env:SystemRoot + '\Temp' }
    if ($Area -eq 'update_download_cache') { return $env:SystemRoot + '\SoftwareDistribution\Download' }
    Get-FleetProfileTemp
}

function Test-FleetLink {
    <# .SYNOPSIS Says whether a folder or file is a link: what it points to lies elsewhere. #>
    param($Item)
    # As a number: where Windows sets an attribute that .NET has no name for, the text names none.
    return ([int][System.IO.FileAttributes]$Item.Attributes -band 1024) -ne 0
}

function Test-FleetPlainFolder {
    <# .SYNOPSIS Says whether a folder is there, and neither it nor one above it is a link. #>
    param([string] $Path)
    while ($Path.Length -gt 3) {
        $item = Get-Item -LiteralPath $Path -Force -ErrorAction SilentlyContinue
        if ($null -eq $item -or (Test-FleetLink $item)) { return $false }
        $Path = $Path.Substring(0, $Path.LastIndexOf('\'))
    }
    return $true
}

function Get-FleetOldFile {
    <# .SYNOPSIS Gives the files below a folder that were last written before a moment. #>
    param([string] $Folder, [datetime] $Before)
    foreach ($item in @(Get-ChildItem -LiteralPath $Folder -Force -ErrorAction SilentlyContinue)) {
        if (Test-FleetLink $item) { continue }
        if ($item.PSIsContainer) {
            Get-FleetOldFile -Folder $item.FullName -Before $Before
        } elseif ($item.LastWriteTime -lt $Before) {
            $item
        }
    }
}

function Test-FleetService {
    <# .SYNOPSIS Says whether a service is there and in a state. #>
    param([string] $Name, [string] $State)
    $service = Get-Service -Name $Name -ErrorAction SilentlyContinue
    return $null -ne $service -and [string]$service.Status -eq $State
}

function Get-FleetMarkedService {
    <# .SYNOPSIS Gives the services that a call stopped and has not started again. #>
    $source = Get-ItemProperty -LiteralPath $marker -Name 'ServicesToStart' -ErrorAction SilentlyContinue
    if ($null -ne $source) { $source.ServicesToStart | Where-Object { $updateServices -contains $_ } }
}

function Stop-FleetUpdate {
    <# .SYNOPSIS Stops the update services that run, once the registry holds which these are. #>
    $names = @($updateServices | Where-Object { Test-FleetService $_ 'Running' })
    if ($names.Count -eq 0) { return }
    New-Item -Path $marker -Force -ErrorAction Stop | Out-Null
    $value = @{ LiteralPath = $marker; Name = 'ServicesToStart'; Value = $names; Type = 'MultiString' }
    Set-ItemProperty @value -ErrorAction Stop
    foreach ($name in $names) {
        # One that refuses keeps running; what it has open is skipped later.
        Stop-Service -Name $name -NoWait -ErrorAction SilentlyContinue
        for ($turn = 0; $turn -lt 30 -and (Test-FleetService $name 'StopPending'); $turn++) {
            Start-Sleep -Seconds 1
        }
        if (Test-FleetService $name 'Stopped') { $result.services_stopped += $name }
    }
}

function Start-FleetUpdate {
    <# .SYNOPSIS Starts again what was stopped, and forgets the marker once all of it runs. #>
    $failed = @()
    foreach ($name in @(Get-FleetMarkedService)) {
        if (Test-FleetService $name 'Running') { continue }
        try {
            Start-Service -Name $name -ErrorAction Stop
            $result.services_started += $name
        } catch {
            $failed += $name
        }
    }
    if ($failed.Count -gt 0) {
        $module.FailJson("Failed to start again the services that were running: $($failed -join ', ')")
    }
    foreach ($path in @($marker, $markerParent)) {
        $key = Get-Item -LiteralPath $path -ErrorAction SilentlyContinue
        if ($null -eq $key -or $key.SubKeyCount -gt 0) { continue }
        if ($path -eq $marker -or $key.ValueCount -eq 0) { Remove-Item -LiteralPath $path -Force }
    }
}

function Remove-FleetFile {
    <# .SYNOPSIS Removes files and counts them; what is in use or perhaps somebody's work stays. #>
    param($Files)
    foreach ($file in $Files) {
        $bytes = [long]$file.Length
        $result.candidate_count += 1
        $result.candidate_bytes += $bytes
        if ($module.CheckMode) { continue }
        try {
            Remove-Item -LiteralPath $file.FullName -Force -ErrorAction Stop
            $result.removed_count += 1
            $result.removed_bytes += $bytes
        } catch {
            # A program has it open, or it belongs to Windows: it stays.
            $result.skipped_count += 1
        }
    }
}

function Get-FleetFreeByte {
    <# .SYNOPSIS Gives the free bytes of the system drive, or null when Windows does not say. #>
    $query = @{
        Namespace = 'root/cimv2'
        ClassName = 'Win32_LogicalDisk'
        Filter = "DeviceID = '$env:SystemDrive'"
        OperationTimeoutSec = 20
        ErrorAction = 'Stop'
    }
    try {
        foreach ($disk in @(Get-CimInstance @query)) {
            if ($null -ne $disk.FreeSpace) { return [long]$disk.FreeSpace }
        }
    } catch {
        return $null
    }
    return $null
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.candidate_count = 0
$result.candidate_bytes = [long]0
$result.removed_count = 0
$result.removed_bytes = [long]0
$result.skipped_count = 0
$result.services_stopped = @()
$result.services_started = @()
$result.free_bytes_before = Get-FleetFreeByte
$result.free_bytes_after = $result.free_bytes_before

if ($module.Params['older_than_days'] -lt 1) {
    $module.FailJson("Cannot clean up: 'older_than_days' must be 1 or more")
}
$before = (Get-Date).AddDays(-$module.Params['older_than_days'])

$folders = @{}
try {
    foreach ($area in $module.Params['areas']) { $folders[$area] = @(Get-FleetCleanupFolder $area) }
} catch {
    $module.FailJson("Failed to find the temporary folders of the profiles: $($_.FullyQualifiedErrorId)")
}

$left = @(Get-FleetMarkedService).Count -gt 0
if (-not $module.CheckMode) { Start-FleetUpdate }

foreach ($area in $module.Params['areas']) {
    $plain = @($folders[$area] | Where-Object { Test-FleetPlainFolder $_ })
    $files = @($plain | ForEach-Object { Get-FleetOldFile -Folder $_ -Before $before })
    $removable = @($files | Where-Object { $keptExtensions -notcontains $_.Extension })
    $result.skipped_count += $files.Count - $removable.Count
    try {
        $inUse = $area -eq 'update_download_cache' -and $removable.Count -gt 0
        if ($inUse -and -not $module.CheckMode) { Stop-FleetUpdate }
        Remove-FleetFile $removable
    } finally {
        if (-not $module.CheckMode) { Start-FleetUpdate }
    }
}

$result.changed = $left -or $result.removed_count -gt 0
if ($module.CheckMode) { $result.changed = $left -or $result.candidate_count -gt 0 }
if ($result.removed_count -gt 0) { $result.free_bytes_after = Get-FleetFreeByte }

$module.Diff.before = @{ old_bytes = $result.candidate_bytes }
$module.Diff.after = @{ old_bytes = $result.candidate_bytes - $result.removed_bytes }
if ($module.CheckMode) { $module.Diff.after = @{ old_bytes = [long]0 } }

$module.ExitJson()
