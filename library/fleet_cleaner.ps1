#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Runs a program that cleans, within a time limit, and measures what became free.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        archive = @{ type = 'path' }
        keep = @{ type = 'bool'; default = $false }
        settings = @{ type = 'list'; elements = 'str'; default = @() }
        signers = @{ type = 'list'; elements = 'str'; default = @() }
        timeout_seconds = @{ type = 'int'; default = 3600 }
        tool = @{ type = 'str'; choices = @('ccleaner', 'component_store'); required = $true }
    }
    required_if = @(, @('tool', 'ccleaner', @('archive', 'settings', 'signers')))
    supports_check_mode = $true
}

# Only administrators may write below Program Files: nobody can exchange what is run there.
$folder = $env:ProgramFiles + '\Custode\tools\ccleaner'
# What changes by itself on a PC at work; less than this is no success of ours.
$noise = 1048576

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

function Invoke-FleetComponentStore {
    <# .SYNOPSIS Lets Windows drop superseded components; gives what went wrong, or nothing. #>
    $start = @{
        FilePath = $env:SystemRoot + '\System32\Dism.exe'
        # Without /ResetBase: installed updates can still be taken back.
        ArgumentList = @('/Online', '/Cleanup-Image', '/StartComponentCleanup', '/Quiet', '/NoRestart')
        WindowStyle = 'Hidden'
        PassThru = $true
        ErrorAction = 'Stop'
    }
    $process = Start-Process @start
    # Windows PowerShell forgets the exit code of a process whose handle nobody asked for.
    $null = $process.Handle
    Wait-Process -InputObject $process -Timeout $module.Params['timeout_seconds'] -ErrorAction SilentlyContinue
    if (-not $process.HasExited) {
        Stop-Process -InputObject $process -Force
        return "it did not end within $($module.Params['timeout_seconds']) s and was stopped"
    }
    $result.exit_code = [int]$process.ExitCode
    # 3010: done, the rest at the next restart.
    if (@(0, 3010) -notcontains $result.exit_code) {
        return 'DISM ended with 0x{0:X8}' -f $result.exit_code
    }
}

function Get-FleetTool {
    <# .SYNOPSIS Gives the programs that run from the tool's folder. #>
    Get-Process | Where-Object { $_.Path -and $_.Path.StartsWith($folder + '\', 'OrdinalIgnoreCase') }
}

function Test-FleetSigner {
    <# .SYNOPSIS Says whether a file bears a valid signature of one of the makers that are allowed. #>
    param([string] $Path)
    $signature = Get-AuthenticodeSignature -LiteralPath $Path -ErrorAction Stop
    if ([string]$signature.Status -ne 'Valid') { return $false }
    foreach ($name in $module.Params['signers']) {
        $subject = [string]$signature.SignerCertificate.Subject
        if ($subject.StartsWith("CN=$name,") -or $subject.StartsWith("CN=`"$name`",")) { return $true }
    }
    return $false
}

function Invoke-FleetCCleaner {
    <# .SYNOPSIS Unpacks the tool, runs it with our settings and waits; gives what went wrong, or nothing. #>
    Expand-Archive -LiteralPath $module.Params['archive'] -DestinationPath $folder -ErrorAction Stop
    $settings = @{ LiteralPath = $folder + '\ccleaner.ini'; Value = $module.Params['settings']; Encoding = 'ASCII' }
    Set-Content @settings -ErrorAction Stop
    $program = $folder + '\CCleaner64.exe'
    if (-not (Test-FleetSigner $program)) { return 'its signature is not valid, or not of an allowed maker' }
    Start-Process -FilePath $program -ArgumentList '/AUTO' -WorkingDirectory $folder -WindowStyle Hidden -ErrorAction Stop
    # It hands its work to a second process: it is over when none is seen three times in a row.
    $quiet = 0
    for ($waited = 0; $quiet -lt 3 -and $waited -lt $module.Params['timeout_seconds']; $waited += 2) {
        Start-Sleep -Seconds 2
        $quiet += 1
        if (@(Get-FleetTool).Count -gt 0) { $quiet = 0 }
    }
    if ($quiet -lt 3) { return "it did not end within $($module.Params['timeout_seconds']) s and was stopped" }
}

function Get-FleetToolState {
    <# .SYNOPSIS Gives the version of the tool that lies there, a word where it is not whole, or nothing. #>
    if ($null -eq (Get-Item -LiteralPath $folder -ErrorAction SilentlyContinue)) { return }
    $program = Get-Item -LiteralPath ($folder + '\CCleaner64.exe') -ErrorAction SilentlyContinue
    if ($null -eq $program) { return 'incomplete' }
    $about = $program.VersionInfo
    return '{0}.{1}.{2}.{3}' -f $about.FileMajorPart, $about.FileMinorPart, $about.FileBuildPart, $about.FilePrivatePart
}

function Remove-FleetTool {
    <# .SYNOPSIS Ends what still runs of the tool and removes its folder; says whether it is gone. #>
    Get-FleetTool | ForEach-Object { Stop-Process -InputObject $_ -Force -ErrorAction SilentlyContinue }
    if ($null -eq (Get-Item -LiteralPath $folder -ErrorAction SilentlyContinue)) { return $true }
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
    return $null -eq (Get-Item -LiteralPath $folder -ErrorAction SilentlyContinue)
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.exit_code = $null
$result.free_bytes_before = Get-FleetFreeByte
$result.free_bytes_after = $result.free_bytes_before
$result.freed_bytes = $null

$ccleaner = $module.Params['tool'] -eq 'ccleaner'
$before = $null
if ($ccleaner) { $before = Get-FleetToolState }
# What the archive holds is known only when it is unpacked.
$after = $null
if ($ccleaner -and $module.Params['keep']) { $after = 'the one in the archive' }
$problem = $null

if ($module.CheckMode) {
    $result.changed = $true
} else {
    # What a call that was killed left there.
    if ($ccleaner -and -not (Remove-FleetTool)) { $module.FailJson("Cannot clean up: '$folder' is in use") }
    try {
        if ($ccleaner) { $problem = Invoke-FleetCCleaner } else { $problem = Invoke-FleetComponentStore }
    } catch {
        # The first part alone is the same in every language.
        $problem = ([string]$_.FullyQualifiedErrorId).Split(',')[0]
    }
    $keep = $ccleaner -and $module.Params['keep'] -and -not $problem
    if ($ccleaner -and -not $keep -and -not (Remove-FleetTool)) { $problem = "$problem; '$folder' could not be removed" }
    $result.free_bytes_after = Get-FleetFreeByte
    if ($null -ne $result.free_bytes_before -and $null -ne $result.free_bytes_after) {
        $result.freed_bytes = $result.free_bytes_after - $result.free_bytes_before
    }
    $after = $null
    if ($ccleaner) { $after = Get-FleetToolState }
    $result.changed = $before -ne $after -or ($null -ne $result.freed_bytes -and $result.freed_bytes -ge $noise)
    if ($problem) { $module.FailJson("Failed to clean up with '$($module.Params['tool'])': $problem") }
}

$module.Diff.before = @{ tool = $before }
$module.Diff.after = @{ tool = $after }

$module.ExitJson()
