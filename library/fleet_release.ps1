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
# Where whoever prepared the PC wrote down what was set for us and had not been there before.
$own = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Custode'

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

function Get-FleetValue {
    <# .SYNOPSIS Gives a value of the registry, or nothing when it is not there. #>
    param([string] $Path, [string] $Name)
    $source = Get-ItemProperty -LiteralPath $Path -Name $Name -ErrorAction SilentlyContinue
    if ($null -ne $source) { return $source.$Name }
}

function Get-FleetCertificate {
    <# .SYNOPSIS Gives the thumbprints of the listeners' certificates that are there. #>
    param($Listener)
    foreach ($way in $Listener) {
        $thumbprint = [string]$way.CertificateThumbprint
        if ($thumbprint -cmatch '\A[0-9A-Fa-f]{40}\z') {
            $there = Get-Item -LiteralPath "Cert:\LocalMachine\My\$thumbprint" -ErrorAction SilentlyContinue
            if ($null -ne $there) { $thumbprint }
        }
    }
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.removed = @()
$result.left = @()

try {
    $account = Get-FleetOwnAccount $module.Params['account']
    $rule = $null
    if ($module.Params['firewall_rule']) {
        $rule = Get-NetFirewallRule -Name $module.Params['firewall_rule'] -ErrorAction SilentlyContinue
    }
    $prepared = "$own\Preparation"
    $there = $null -ne (Get-FleetValue $policies $tokenPolicy)
    $policy = $there -and ($module.Params['token_filter_policy'] -or (Get-FleetValue $prepared 'TokenFilterPolicy') -eq 1)
    if ($there -and -not $policy) { $result.left += 'token_filter_policy' }
    $ways = @(Get-FleetListener)
    $ours = [string](Get-FleetValue $prepared 'CertificateThumbprint')
    $certificates = @(Get-FleetCertificate $ways)
    if (@($certificates | Where-Object { $_ -ne $ours }).Count -gt 0) { $result.left += 'certificate' }
    $key = Get-Item -LiteralPath $own -ErrorAction SilentlyContinue
    # Without a listener that goes, there will be another call, which needs what is written there.
    if ($ways.Count -eq 0) { $key = $null }

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
    foreach ($thumbprint in @($certificates | Where-Object { $_ -eq $ours })) {
        $certificate = "Cert:\LocalMachine\My\$thumbprint"
        if (-not $module.CheckMode) { Remove-Item -LiteralPath $certificate -DeleteKey -ErrorAction Stop }
        $result.removed += 'certificate'
    }
    if ($null -ne $key) {
        if (-not $module.CheckMode) { Remove-Item -LiteralPath $own -Recurse -ErrorAction Stop }
        $result.removed += 'own_key'
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
