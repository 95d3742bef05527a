#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Takes away the account and the way by which this very module comes in: the last call to a PC.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        account = @{ type = 'str' }
        firewall_rule = @{ type = 'str' }
        token_filter_policy = @{ type = 'bool'; default = $false }
        transports = @{ type = 'list'; elements = 'str'; choices = @('http', 'https'); default = @('https') }
    }
    supports_check_mode = $true
}

$listeners = 'winrm/config/Listener'
$policies = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$tokenPolicy = 'LocalAccountTokenFilterPolicy'

function Get-FleetOwnAccount {
    <# .SYNOPSIS Gives the local account to remove; only the one that came in, never the built-in one. #>
    param([string] $Name)
    if (-not $Name) { return }
    $account = Get-LocalUser -Name $Name -ErrorAction SilentlyContinue
    if ($null -eq $account) { return }
    if ([string]$account.SID -match '-500\z') {
        $module.FailJson("Cannot remove '$Name': it is the built-in administrator")
    }
    if ($env:USERNAME -ne $Name -or $env:USERDOMAIN -ne $env:COMPUTERNAME) {
        $module.FailJson("Cannot remove '$Name': another account came in")
    }
    return $account
}

function Get-FleetListener {
    <# .SYNOPSIS Gives the listeners of the transports that are to go. #>
    foreach ($found in @(Get-WSManInstance -ResourceURI $listeners -Enumerate -ErrorAction Stop)) {
        if ($module.Params['transports'] -contains $found.Transport) { $found }
    }
}

function Test-FleetTokenPolicy {
    <# .SYNOPSIS Says whether the value is there that gives local accounts their full rights over the network. #>
    $source = Get-ItemProperty -LiteralPath $policies -Name $tokenPolicy -ErrorAction SilentlyContinue
    return $null -ne $source
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.removed = @()

try {
    $account = Get-FleetOwnAccount $module.Params['account']
    $rule = $null
    if ($module.Params['firewall_rule']) {
        $rule = Get-NetFirewallRule -Name $module.Params['firewall_rule'] -ErrorAction SilentlyContinue
    }
    $policy = $module.Params['token_filter_policy'] -and (Test-FleetTokenPolicy)
    $ways = @(Get-FleetListener)

    # The way in goes last: when nothing answers at the port, all before it is done.
    if ($policy) {
        if (-not $module.CheckMode) { Remove-ItemProperty -LiteralPath $policies -Name $tokenPolicy -ErrorAction Stop }
        $result.removed += 'token_filter_policy'
    }
    if ($null -ne $account) {
        if (-not $module.CheckMode) { Remove-LocalUser -SID $account.SID -ErrorAction Stop }
        $result.removed += 'account'
    }
    if ($null -ne $rule) {
        if (-not $module.CheckMode) { Remove-NetFirewallRule -Name $module.Params['firewall_rule'] -ErrorAction Stop }
        $result.removed += 'firewall_rule'
    }
    foreach ($way in $ways) {
        $selector = @{ Address = $way.Address; Transport = $way.Transport }
        if (-not $module.CheckMode) { Remove-WSManInstance -ResourceURI $listeners -SelectorSet $selector -ErrorAction Stop }
        $result.removed += 'listener_' + ([string]$way.Transport).ToLower()
    }
} catch {
    $module.FailJson("Failed to take the way in away: $($_.FullyQualifiedErrorId)")
}

$result.changed = $result.removed.Count -gt 0
$module.Diff.before = @{ there = $result.removed }
$module.Diff.after = @{ there = @() }

$module.ExitJson()
