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
    <# .SYNOPSIS Gives the folders of the areas; the only place that says where to look. #>
    param([string[]] $Areas)
    if ($Areas -contains 'windows_temp') { $env:SystemRoot + '\Temp' }
    if ($Areas -contains 'update_download_cache') { $env:SystemRoot + '\SoftwareDistribution\Download' }
    if ($Areas -contains 'profile_temp') { Get-FleetProfileTemp }
}

function Test-FleetLink {
    <# .SYNOPSIS Says whether a folder or file is a link: what it points to lies elsewhere. #>
    param($Item)
    # As a number: where Windows sets an attribute that .NET has no name for, the text names none.
    return ([int][System.IO.FileAttributes]$Item.Attributes -band 1024) -ne 0
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
$result.free_bytes_before = Get-FleetFreeByte
$result.free_bytes_after = $result.free_bytes_before

if ($module.Params['older_than_days'] -lt 1) {
    $module.FailJson("Cannot clean up: 'older_than_days' must be 1 or more")
}
$before = (Get-Date).AddDays(-$module.Params['older_than_days'])

try {
    $folders = @(Get-FleetCleanupFolder $module.Params['areas'])
} catch {
    $module.FailJson("Failed to find the temporary folders of the profiles: $($_.FullyQualifiedErrorId)")
}

foreach ($folder in $folders) {
    $root = Get-Item -LiteralPath $folder -Force -ErrorAction SilentlyContinue
    if ($null -eq $root -or (Test-FleetLink $root)) { continue }
    foreach ($file in @(Get-FleetOldFile -Folder $folder -Before $before)) {
        if ($keptExtensions -contains $file.Extension) {
            $result.skipped_count += 1
            continue
        }
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

$result.changed = $result.removed_count -gt 0
if ($module.CheckMode) { $result.changed = $result.candidate_count -gt 0 }
if ($result.removed_count -gt 0) { $result.free_bytes_after = Get-FleetFreeByte }

$module.Diff.before = @{ old_bytes = $result.candidate_bytes }
$module.Diff.after = @{ old_bytes = $result.candidate_bytes - $result.removed_bytes }
if ($module.CheckMode) { $module.Diff.after = @{ old_bytes = [long]0 } }

$module.ExitJson()
