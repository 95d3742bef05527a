#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Makes sure that Windows has a recent restore point before something is changed.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        description = @{ type = 'str'; default = 'Custode' }
        min_age_hours = @{ type = 'int'; default = 24 }
    }
    supports_check_mode = $true
}

$class = @{ Namespace = 'root/default'; ClassName = 'SystemRestore' }

function ConvertTo-FleetRestoreTime {
    <# .SYNOPSIS Turns WMI's time text, 20261005070000.000000-000, into a moment. #>
    param($Value)
    if ($Value -is [datetime]) { return $Value.ToUniversalTime() }
    $text = [string]$Value
    if ($text -cnotmatch '\A[0-9]{14}\.[0-9]{6}[+-][0-9]{3}\z') { return $null }
    $date = $text.Substring(0, 4) + '-' + $text.Substring(4, 2) + '-' + $text.Substring(6, 2)
    $time = $text.Substring(8, 2) + ':' + $text.Substring(10, 2) + ':' + $text.Substring(12, 2)
    $local = ([datetime]($date + 'T' + $time + 'Z')).ToUniversalTime()
    # The offset is in minutes east of UTC.
    return $local.AddMinutes(-[int]$text.Substring(21))
}

function Get-FleetRestorePoint {
    <# .SYNOPSIS Gives the newest restore point, or null when there is none. #>
    $points = @(Get-CimInstance @class -ErrorAction Stop | Sort-Object -Property 'SequenceNumber')
    if ($points.Count -eq 0) { return $null }
    return $points[$points.Count - 1]
}

function ConvertTo-FleetReason {
    <# .SYNOPSIS Gives the language-free id of an error; its message is localised. #>
    param($ErrorRecord)
    $id = ([string]$ErrorRecord.FullyQualifiedErrorId).Split(',')[0]
    if ($id -cmatch '\A((HRESULT|MI RESULT|Windows System Error) [0-9A-Fa-fx]+|[A-Za-z0-9._]+)\z') { return $id }
    return 'Unidentified'
}

function New-FleetRestorePoint {
    <# .SYNOPSIS Asks Windows for a restore point; gives null, or why there is none. #>
    param([string] $Description)
    # 12: the system's settings are about to change. 100: the change begins.
    $arguments = @{
        Description = $Description
        RestorePointType = [uint32]12
        EventType = [uint32]100
    }
    $answer = Invoke-CimMethod @class -MethodName 'CreateRestorePoint' -Arguments $arguments -ErrorAction Stop
    if ($answer.ReturnValue -ne 0) { return "ReturnValue $($answer.ReturnValue)" }
    return $null
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.state = 'unavailable'
$module.Result.reason = $null
$module.Result.sequence_number = $null

try {
    $newest = Get-FleetRestorePoint
    $before = 0
    $age = $null
    if ($null -ne $newest) {
        $before = [long]$newest.SequenceNumber
        $made = ConvertTo-FleetRestoreTime $newest.CreationTime
        if ($null -ne $made) { $age = ((Get-Date).ToUniversalTime() - $made).TotalHours }
    }

    if ($null -ne $age -and $age -lt $module.Params['min_age_hours']) {
        $module.Result.state = 'recent'
        $module.Result.sequence_number = $before
    } elseif ($module.CheckMode) {
        $module.Result.state = 'created'
        $module.Result.changed = $true
    } else {
        $reason = New-FleetRestorePoint $module.Params['description']
        $newest = Get-FleetRestorePoint
        if ($null -ne $newest -and [long]$newest.SequenceNumber -gt $before) {
            $module.Result.state = 'created'
            $module.Result.changed = $true
            $module.Result.sequence_number = [long]$newest.SequenceNumber
        } else {
            # Windows answers 0 and makes none when its own minimum interval has not passed.
            $module.Result.reason = 'NotCreated'
            if ($null -ne $reason) { $module.Result.reason = $reason }
        }
    }
} catch {
    # No restore points on Windows Server, or protection switched off: an answer, not a fault.
    $module.Result.reason = ConvertTo-FleetReason $_
}

$module.Diff.before = @{ created = $false }
$module.Diff.after = @{ created = $module.Result.changed }

$module.ExitJson()
