#!powershell

# Copyright: Custode contributors. Licence: Apache-2.0.
# Exports values of the registry before they are changed, and brings back what stood there.

#AnsibleRequires -CSharpUtil Ansible.Basic

Set-StrictMode -Version 2.0

$spec = @{
    options = @{
        state = @{ type = 'str'; choices = @('kept', 'restored'); default = 'kept' }
        values = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                name = @{ type = 'str'; required = $true }
                ours = @{ type = 'str'; required = $true }
                path = @{ type = 'str'; required = $true }
            }
        }
    }
    supports_check_mode = $true
}

# Only administrators may write below Program Files: nobody can exchange what will be brought back.
$folder = $env:ProgramFiles + '\Custode\exports'

function ConvertTo-FleetKey {
    <# .SYNOPSIS Gives a path as the registry provider takes it; other parts than HKLM:\SOFTWARE are refused. #>
    param([string] $Path)
    if ($Path -notmatch '\AHKLM:\\SOFTWARE(\\[^\\/*?]+)+\z') {
        $module.FailJson("Cannot keep '$Path': only keys below HKLM:\SOFTWARE are kept")
    }
    return 'Registry::HKEY_LOCAL_MACHINE' + $Path.Substring(5)
}

function Get-FleetRegistryKey {
    <# .SYNOPSIS Gives a key, or nothing when it is not there. #>
    param([string] $Path)
    Get-Item -LiteralPath (ConvertTo-FleetKey $Path) -ErrorAction SilentlyContinue
}

function Get-FleetExportPath {
    <# .SYNOPSIS Gives the file that keeps a value. #>
    param([string] $Path, [string] $Name)
    return $folder + '\' + ("$Path\$Name" -replace '[^A-Za-z0-9]+', '.') + '.json'
}

function Get-FleetMissingKey {
    <# .SYNOPSIS Gives the keys of a path that are not there, the deepest first. #>
    param([string] $Path)
    while ($null -eq (Get-FleetRegistryKey $Path)) {
        $Path
        $Path = $Path.Substring(0, $Path.LastIndexOf('\'))
        if ($Path -eq 'HKLM:\SOFTWARE') { return }
    }
}

function Export-FleetValue {
    <# .SYNOPSIS Writes down what stands in the registry, unless that was done before. #>
    param($Value)
    $file = Get-FleetExportPath $Value.path $Value.name
    if ($null -ne (Get-Item -LiteralPath $file -ErrorAction SilentlyContinue)) { return }
    $export = @{
        path = $Value.path
        name = $Value.name
        ours = $Value.ours
        type = $null
        data = $null
        made_keys = @(Get-FleetMissingKey $Value.path)
    }
    $key = Get-FleetRegistryKey $Value.path
    if ($null -ne $key -and @($key.GetValueNames()) -contains $Value.name) {
        $export.type = [string]$key.GetValueKind($Value.name)
        $export.data = $key.GetValue($Value.name, $null, 'DoNotExpandEnvironmentNames')
    }
    $result.kept += "$($Value.path)\$($Value.name)"
    if ($module.CheckMode) { return }
    New-Item -Path $folder -ItemType Directory -Force -ErrorAction Stop | Out-Null
    $text = ConvertTo-Json -InputObject $export -Compress
    Set-Content -LiteralPath $file -Value $text -Encoding UTF8 -ErrorAction Stop
}

function Restore-FleetValue {
    <# .SYNOPSIS Brings back what a file keeps, unless somebody else has changed the value since. #>
    param([string] $File)
    $export = (Get-Content -LiteralPath $File -Encoding UTF8 -ErrorAction Stop) -join '' | ConvertFrom-Json
    $path = ConvertTo-FleetKey $export.path
    $shown = "$($export.path)\$($export.name)"
    $key = Get-FleetRegistryKey $export.path
    $there = $null -ne $key -and @($key.GetValueNames()) -contains $export.name
    if ($there -and [string]$key.GetValue($export.name) -ne $export.ours) {
        $result.left += $shown
    } else {
        $result.restored += $shown
        if ($module.CheckMode) { return }
        if ($null -ne $export.type) {
            if ($null -eq $key) { New-Item -Path $path -Force -ErrorAction Stop | Out-Null }
            $data = $export.data
            if ($export.type -eq 'Binary') { $data = [byte[]]@($export.data) }
            $value = @{ LiteralPath = $path; Name = $export.name; Type = $export.type; Value = $data }
            Set-ItemProperty @value -ErrorAction Stop
        } elseif ($there) {
            Remove-ItemProperty -LiteralPath $path -Name $export.name -ErrorAction Stop
        }
        foreach ($made in $export.made_keys) {
            $key = Get-FleetRegistryKey $made
            if ($null -eq $key -or $key.SubKeyCount -gt 0 -or $key.ValueCount -gt 0) { continue }
            Remove-Item -LiteralPath (ConvertTo-FleetKey $made) -ErrorAction Stop
        }
    }
    if (-not $module.CheckMode) { Remove-Item -LiteralPath $File -Force -ErrorAction Stop }
}

function Get-FleetWantedExport {
    <# .SYNOPSIS Gives the files to bring back: those of the values given, or all there are. #>
    if (@($module.Params['values']).Count -eq 0) {
        $found = @(Get-ChildItem -LiteralPath $folder -ErrorAction SilentlyContinue)
        return @($found | Where-Object { $_.Extension -eq '.json' } | ForEach-Object { $_.FullName })
    }
    foreach ($value in $module.Params['values']) {
        $file = Get-FleetExportPath $value.path $value.name
        if ($null -ne (Get-Item -LiteralPath $file -ErrorAction SilentlyContinue)) { $file }
    }
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$result = $module.Result
$result.kept = @()
$result.left = @()
$result.restored = @()

try {
    if ($module.Params['state'] -eq 'kept') {
        foreach ($value in $module.Params['values']) { Export-FleetValue $value }
    } else {
        # The longest path first: a key is empty only once those below it are gone.
        $files = @(Get-FleetWantedExport | Sort-Object -Property 'Length' -Descending)
        foreach ($file in $files) { Restore-FleetValue $file }
    }
} catch {
    $module.FailJson("Failed to bring the registry's values to '$($module.Params['state'])': $($_.FullyQualifiedErrorId)")
}

$result.changed = $result.kept.Count -gt 0 -or $result.restored.Count -gt 0 -or $result.left.Count -gt 0
$module.Diff.before = @{ exports = @($result.restored + $result.left) }
$module.Diff.after = @{ exports = $result.kept }

$module.ExitJson()
