#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Ends an installer whose time is over: its processes, what they started, and Windows Installer's helpers.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        grace_seconds = @{ type = 'int'; default = 30 }
        marks = @{ type = 'list'; elements = 'str'; required = $true }
        windows_installer = @{ type = 'bool'; default = $false }
    }
    supports_check_mode = $true
}

function Get-FleetProcess {
    <# .SYNOPSIS Gives every process of the PC. #>
    $query = @{
        Namespace = 'root/cimv2'
        ClassName = 'Win32_Process'
        Property = @('ProcessId', 'ParentProcessId', 'Name', 'CommandLine', 'ExecutablePath')
        OperationTimeoutSec = 60
        ErrorAction = 'Stop'
    }
    return @(Get-CimInstance @query)
}

function Get-FleetInstallerService {
    <# .SYNOPSIS Gives the number of Windows Installer's process, or 0 when it does not run. #>
    $query = @{
        Namespace = 'root/cimv2'
        ClassName = 'Win32_Service'
        Filter = "Name = 'msiserver'"
        OperationTimeoutSec = 60
        ErrorAction = 'Stop'
    }
    foreach ($service in @(Get-CimInstance @query)) { return [int]$service.ProcessId }
    return 0
}

function Test-FleetMark {
    <# .SYNOPSIS Says whether a process carries one of the marks in its command line or path. #>
    param($Process, [string[]] $Marks)
    foreach ($text in @([string]$Process.CommandLine, [string]$Process.ExecutablePath)) {
        foreach ($mark in $Marks) {
            if ($text.ToLowerInvariant().Contains($mark.ToLowerInvariant())) { return $true }
        }
    }
    return $false
}

function Get-FleetInstaller {
    <# .SYNOPSIS Gives the processes that belong to the installer: marked ones, helpers, children. #>
    param([string[]] $Marks, [bool] $WindowsInstaller)
    $all = @(Get-FleetProcess)
    $service = 0
    if ($WindowsInstaller) { $service = Get-FleetInstallerService }
    $found = @{}
    foreach ($process in $all) {
        $number = [int]$process.ProcessId
        # This module's own process never belongs to it.
        if ($number -eq $PID) { continue }
        $helper = $service -ne 0 -and [int]$process.ParentProcessId -eq $service
        if ($helper -or (Test-FleetMark $process $Marks)) { $found[$number] = $process }
    }
    do {
        $before = $found.Count
        foreach ($process in $all) {
            $number = [int]$process.ProcessId
            $parent = [int]$process.ParentProcessId
            if ($parent -ne 0 -and $found.ContainsKey($parent) -and $number -ne $PID) { $found[$number] = $process }
        }
    } while ($found.Count -gt $before)
    return @($found.Values)
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.ended = 0
$result.still_running = 0
$marks = @(foreach ($mark in @($module.Params['marks'])) { if ($mark) { $mark } })

try {
    $doomed = @(Get-FleetInstaller $marks $module.Params['windows_installer'])
} catch {
    $module.FailJson("Failed to list the processes: $($_.FullyQualifiedErrorId)")
}
$module.Diff.before = @{ processes = $doomed.Count }
$module.Diff.after = @{ processes = 0 }
$result.changed = $doomed.Count -gt 0

if ($module.CheckMode) { $module.ExitJson() }

foreach ($process in $doomed) {
    try {
        Stop-Process -Id $process.ProcessId -Force -ErrorAction Stop
        $result.ended += 1
    } catch {
        # It ended by itself, or cannot be ended: what is left is counted below.
        continue
    }
}

$left = @()
if ($doomed.Count -gt 0) {
    # Windows Installer takes back what was begun; its client ends when that is done.
    for ($second = 0; $second -le $module.Params['grace_seconds']; $second++) {
        $left = @(Get-FleetInstaller $marks $module.Params['windows_installer'])
        if ($left.Count -eq 0) { break }
        Start-Sleep -Seconds 1
    }
}
$result.still_running = $left.Count
$result.changed = $result.ended -gt 0
$module.Diff.after = @{ processes = $left.Count }

$module.ExitJson()
