# Stand-ins for what Unix lacks of Windows: CIM, registry, event log, files, restore points, clock.
# They read one file, the PC as it is, and write down what they change, one line for each change.
# Errors carry the same identifiers as Windows' own, for nothing else is the same in every language.

$winsimWorld = Microsoft.PowerShell.Management\Get-Content -LiteralPath $env:WINSIM_WORLD -Raw | ConvertFrom-Json
$winsimRemoved = @{}
$winsimState = @{ Seconds = 0; Point = $null; Left = -1; Programs = @() }
if ($env:WINSIM_STEPS) { $winsimState.Left = [int]$env:WINSIM_STEPS }

function ConvertFrom-WinsimValue {
    param($Value)
    if ($Value -is [array]) { return , @(foreach ($item in $Value) { ConvertFrom-WinsimValue $item }) }
    if ($Value -isnot [string]) { return $Value }
    $text = $Value.Substring(1)
    if ($Value[0] -ceq '@') { return (New-Object datetime ([long]$text), 'Utc').ToLocalTime() }
    if ($Value[0] -cne '#') { return $text }
    $bytes = [byte[]]@(
        for ($index = 0; $index -lt $text.Length; $index += 2) {
            [System.Convert]::ToByte($text.Substring($index, 2), 16)
        }
    )
    return , $bytes
}

function New-WinsimError {
    param([string] $Id, [string] $Category = 'NotSpecified')
    $exception = New-Object System.InvalidOperationException 'A message in the language of the PC'
    return New-Object System.Management.Automation.ErrorRecord $exception, $Id, $Category, $null
}

function Add-WinsimChange {
    param($Change)
    # Killed as a process is: what stands in a `finally` is not done either.
    if ($winsimState.Left -eq 0) { Microsoft.PowerShell.Management\Stop-Process -Id $PID -Force }
    $winsimState.Left -= 1
    Add-Content -LiteralPath $env:WINSIM_CHANGES -Value (ConvertTo-Json -InputObject $Change -Compress)
}

function Get-Date {
    $now = New-Object datetime ([long]$winsimWorld.now), 'Utc'
    return $now.AddSeconds($winsimState.Seconds).ToLocalTime()
}

# CIM

function Get-WinsimColumn {
    param($Row, [string] $Name)
    if ($null -eq $Row.PSObject.Properties[$Name]) { return $null }
    return $Row.PSObject.Properties[$Name].Value
}

function Test-WinsimTerm {
    # One comparison of WQL: name, sign and literal, or IS [NOT] NULL.
    param($Row, [string] $Term)
    if ($Term -notmatch '^\s*(?<name>\w+)\s*(?<sign>IS\s+NOT\s+NULL|IS\s+NULL|<>|!=|<=|>=|=|<|>)\s*(?<literal>.*?)\s*$') {
        throw (New-WinsimError 'HRESULT 0x80041017')
    }
    $name = $Matches['name']
    $sign = $Matches['sign'].ToUpperInvariant()
    $literal = $Matches['literal']
    $value = Get-WinsimColumn $Row $name
    if ($sign -match '^IS') { return ($null -eq $value) -eq ($sign -notmatch 'NOT') }
    if ($null -eq $value) { return $false }
    if ($literal -match "^'(.*)'$") { $other = $Matches[1].Replace('\\', '\') }
    elseif ($literal -match '^(true|false)$') { $other = $literal -eq 'true' }
    else { $other = [decimal]$literal }
    if ($other -is [decimal]) { $value = [decimal]$value }
    if ($sign -eq '=') { return $value -eq $other }
    if ($sign -eq '<') { return $value -lt $other }
    if ($sign -eq '>') { return $value -gt $other }
    if ($sign -eq '<=') { return $value -le $other }
    if ($sign -eq '>=') { return $value -ge $other }
    return $value -ne $other
}

function Test-WinsimFilter {
    # Comparisons joined by AND, and such rows of them joined by OR; no parentheses.
    param($Row, [string] $Filter)
    if (-not $Filter) { return $true }
    foreach ($either in ($Filter -split '\s+OR\s+')) {
        $all = $true
        foreach ($term in ($either -split '\s+AND\s+')) {
            if (-not (Test-WinsimTerm $Row $term)) { $all = $false }
        }
        if ($all) { return $true }
    }
    return $false
}

function ConvertTo-WinsimRow {
    param($Class, $Source)
    $row = New-Object psobject
    foreach ($property in $Source.PSObject.Properties) {
        Add-Member -InputObject $row -MemberType NoteProperty -Name $property.Name -Value (ConvertFrom-WinsimValue $property.Value)
    }
    Add-Member -InputObject $row -MemberType NoteProperty -Name 'WinsimClass' -Value $Class
    return $row
}

function Get-WinsimClass {
    # The class, or the error that Windows gives for it.
    param([string] $Namespace, [string] $ClassName, [int] $Seconds)
    $space = $Namespace.ToLowerInvariant().Replace('\', '/')
    if ($winsimWorld.namespaces -cnotcontains $space) { return New-WinsimError 'HRESULT 0x8004100e' }
    $class = $null
    foreach ($each in $winsimWorld.cim) {
        if ($each.namespace -ceq $space -and $each.name -eq $ClassName) { $class = $each }
    }
    if ($null -eq $class) { return New-WinsimError 'HRESULT 0x80041010' }
    if ($Seconds -gt 0 -and $class.seconds -gt $Seconds) {
        $winsimState.Seconds += $Seconds
        return New-WinsimError 'HRESULT 0x00040004'
    }
    $winsimState.Seconds += $class.seconds
    if ($null -ne $class.PSObject.Properties['error']) { return New-WinsimError $class.error }
    return $class
}

function Get-CimInstance {
    [CmdletBinding()]
    param([string] $Namespace = 'root/cimv2', [string] $ClassName, [string] $Filter, [string[]] $Property, [int] $OperationTimeoutSec)
    $class = Get-WinsimClass $Namespace $ClassName $OperationTimeoutSec
    if ($class -is [System.Management.Automation.ErrorRecord]) {
        $PSCmdlet.WriteError($class)
        return
    }
    # A filter that cannot be read is an error also where there is nothing to choose from.
    try { $null = Test-WinsimFilter (New-Object psobject) $Filter } catch { $PSCmdlet.ThrowTerminatingError($_) }
    foreach ($source in $class.rows) {
        $row = ConvertTo-WinsimRow $class $source
        if (Test-WinsimFilter $row $Filter) { $row }
    }
    if ($ClassName -eq 'SystemRestore' -and $null -ne $winsimState.Point) { $winsimState.Point }
}

function Get-CimAssociatedInstance {
    [CmdletBinding()]
    param($InputObject, [string] $ResultClassName, [string] $Association, [int] $OperationTimeoutSec)
    $source = $InputObject.WinsimClass
    if ($Association -eq 'Win32_GroupUser') {
        foreach ($each in $winsimWorld.members.PSObject.Properties[$InputObject.SID].Value) { ConvertTo-WinsimRow $source $each }
        return
    }
    foreach ($link in $winsimWorld.links) {
        if ($link[0] -ne $source.name -or $link[1] -ne $ResultClassName) { continue }
        $class = Get-WinsimClass $source.namespace $ResultClassName $OperationTimeoutSec
        if ($class -is [System.Management.Automation.ErrorRecord]) {
            $PSCmdlet.WriteError($class)
            return
        }
        foreach ($each in $class.rows) {
            $row = ConvertTo-WinsimRow $class $each
            if ((Get-WinsimColumn $row $link[2]) -eq (Get-WinsimColumn $InputObject $link[2])) { $row }
        }
    }
}

function Invoke-CimMethod {
    [CmdletBinding()]
    param([string] $Namespace = 'root/cimv2', [string] $ClassName, [string] $MethodName, [hashtable] $Arguments)
    $class = Get-WinsimClass $Namespace $ClassName 0
    if ($class -is [System.Management.Automation.ErrorRecord]) {
        $PSCmdlet.WriteError($class)
        return
    }
    if ($ClassName -ne 'SystemRestore' -or $MethodName -ne 'CreateRestorePoint') {
        $PSCmdlet.WriteError((New-WinsimError 'HRESULT 0x80041055'))
        return
    }
    $answer = New-Object psobject -Property @{ ReturnValue = [uint32]0 }
    $restore = $winsimWorld.restore
    if (-not $restore.protected) { $answer.ReturnValue = [uint32]1058 }
    # Within a day of the newest Windows makes none, and answers as if it had.
    elseif ([long]$winsimWorld.now - [long]$restore.newest -ge 864000000000) {
        Add-WinsimChange @{ restore_point = $Arguments['Description'] }
        $winsimState.Point = New-Object psobject -Property @{
            SequenceNumber = [uint32]($restore.number + 1)
            CreationTime = (Get-Date).ToUniversalTime().ToString('yyyyMMddHHmmss') + '.000000-000'
            Description = $Arguments['Description']
        }
    }
    return $answer
}

# Registry and files

function Get-WinsimKey {
    # A path of the registry provider as the world names keys, or nothing when it is none. The
    # certificates of the machine are keys of the registry, too.
    param([string] $Path)
    $certificates = 'Cert:\LocalMachine\My\'
    if ($Path.StartsWith($certificates, 'OrdinalIgnoreCase')) {
        return 'HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\' + $Path.Substring($certificates.Length)
    }
    foreach ($root in @{ HKEY_LOCAL_MACHINE = 'HKLM'; HKEY_USERS = 'HKU' }.GetEnumerator()) {
        foreach ($prefix in @("Registry::$($root.Key)", "$($root.Value):")) {
            if ($Path -eq $prefix -or $Path.StartsWith("$prefix\", 'OrdinalIgnoreCase')) {
                return $root.Value + $Path.Substring($prefix.Length)
            }
        }
    }
}

function ConvertTo-WinsimKey {
    param([string] $Key)
    $below = @(
        foreach ($name in $winsimWorld.registry.PSObject.Properties.Name) {
            $inside = $name.StartsWith("$Key\", 'OrdinalIgnoreCase')
            if ($inside -and -not $name.Substring($Key.Length + 1).Contains('\')) { $name }
        }
    )
    $found = New-Object psobject -Property @{
        Name = $Key
        PSChildName = $Key.Substring($Key.LastIndexOf('\') + 1)
        SubKeyCount = $below.Count
        ValueCount = @($winsimWorld.registry.$Key.PSObject.Properties).Count
    }
    Add-Member -InputObject $found -MemberType ScriptMethod -Name 'GetValueNames' -Value {
        @($winsimWorld.registry.($this.Name).PSObject.Properties | ForEach-Object { $_.Name })
    }
    Add-Member -InputObject $found -MemberType ScriptMethod -Name 'GetValueKind' -Value {
        param($Name)
        $winsimWorld.types.($this.Name).$Name
    }
    Add-Member -InputObject $found -MemberType ScriptMethod -Name 'GetValue' -Value {
        param($Name, $Default, $Options)
        $raw = $winsimWorld.raw.PSObject.Properties[$this.Name]
        if ($Options -and $null -ne $raw -and $null -ne $raw.Value.PSObject.Properties[$Name]) { return $raw.Value.$Name.Substring(1) }
        return , (ConvertFrom-WinsimValue $winsimWorld.registry.($this.Name).$Name)
    }
    return $found
}

function Get-WinsimFile {
    param([string] $Path)
    foreach ($file in $winsimWorld.files) {
        $full = $file.path.Substring(1)
        if ($full -eq $Path -and -not $winsimRemoved.ContainsKey($full)) { return ConvertTo-WinsimFile $file }
    }
}

function ConvertTo-WinsimFile {
    param($File)
    $path = $File.path.Substring(1)
    $name = $path.Substring($path.LastIndexOf('\') + 1)
    $written = ConvertFrom-WinsimValue $File.modified
    $folder = ($File.attributes -band 16) -ne 0
    $item = New-Object psobject -Property @{
        FullName = $path
        Name = $name
        PSIsContainer = $folder
        Attributes = [System.IO.FileAttributes]$File.attributes
        LastWriteTime = $written
        LastWriteTimeUtc = $written.ToUniversalTime()
    }
    if ($folder) { return $item }
    $extension = ''
    if ($name.Contains('.')) { $extension = $name.Substring($name.LastIndexOf('.')) }
    $version = New-Object psobject -Property @{
        FileMajorPart = $File.version[0]
        FileMinorPart = $File.version[1]
        FileBuildPart = $File.version[2]
        FilePrivatePart = $File.version[3]
    }
    Add-Member -InputObject $item -MemberType NoteProperty -Name 'Length' -Value ([long]$File.size)
    Add-Member -InputObject $item -MemberType NoteProperty -Name 'Extension' -Value $extension
    Add-Member -InputObject $item -MemberType NoteProperty -Name 'VersionInfo' -Value $version
    Add-Member -InputObject $item -MemberType NoteProperty -Name 'WinsimFile' -Value $File
    return $item
}

function Get-Item {
    [CmdletBinding()]
    param([string] $LiteralPath, [switch] $Force)
    $key = Get-WinsimKey $LiteralPath
    if ($key) {
        foreach ($name in $winsimWorld.registry.PSObject.Properties.Name) {
            if ($name -eq $key) { return ConvertTo-WinsimKey $key }
        }
    } else {
        $winsimState.Seconds += $winsimWorld.slow.file
        $item = Get-WinsimFile $LiteralPath
        if ($null -ne $item) { return $item }
        if ($winsimWorld.drives -notcontains $LiteralPath.Substring(0, 2)) {
            $PSCmdlet.WriteError((New-WinsimError 'DriveNotFound' 'ObjectNotFound'))
            return
        }
    }
    $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
}

function Get-Content {
    # The cmdlet itself reads, from a file with the same bytes.
    [CmdletBinding()]
    param([string] $LiteralPath, [int] $Tail, [string] $Encoding, [switch] $Force)
    $item = Get-WinsimFile $LiteralPath
    if ($null -eq $item) {
        $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
    } elseif ($item.WinsimFile.locked) {
        $PSCmdlet.WriteError((New-WinsimError 'GetContentReaderIOError' 'ReadError'))
    } else {
        $copy = Join-Path $env:TEMP 'winsim_content'
        $bytes = New-Object byte[] 0
        if ($null -ne $item.WinsimFile.content) { $bytes = ConvertFrom-WinsimValue $item.WinsimFile.content }
        [System.IO.File]::WriteAllBytes($copy, $bytes)
        $PSBoundParameters['LiteralPath'] = $copy
        Microsoft.PowerShell.Management\Get-Content @PSBoundParameters
    }
}

function Get-ChildItem {
    [CmdletBinding()]
    param([string] $LiteralPath, [switch] $Force)
    $found = Get-Item -LiteralPath $LiteralPath -ErrorAction SilentlyContinue
    if ($null -eq $found) {
        $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
        return
    }
    $key = Get-WinsimKey $LiteralPath
    if ($key) {
        foreach ($name in $winsimWorld.registry.PSObject.Properties.Name) {
            if (-not $name.StartsWith("$key\", 'OrdinalIgnoreCase')) { continue }
            $rest = $name.Substring($key.Length + 1)
            if (-not $rest.Contains('\')) { New-Object psobject -Property @{ Name = $name; PSChildName = $rest } }
        }
        return
    }
    foreach ($file in $winsimWorld.files) {
        $path = $file.path.Substring(1)
        if (-not $path.StartsWith("$LiteralPath\", 'OrdinalIgnoreCase') -or $winsimRemoved.ContainsKey($path)) { continue }
        # What is hidden is listed only when it is asked for.
        if (-not $Force -and ($file.attributes -band 2) -ne 0) { continue }
        if (-not $path.Substring($LiteralPath.Length + 1).Contains('\')) { ConvertTo-WinsimFile $file }
    }
}

function Get-ItemProperty {
    [CmdletBinding()]
    param([string] $LiteralPath, [string] $Name)
    $winsimState.Seconds += $winsimWorld.slow.registry
    $key = Get-WinsimKey $LiteralPath
    foreach ($property in $winsimWorld.registry.PSObject.Properties) {
        if ($property.Name -ne $key) { continue }
        foreach ($value in $property.Value.PSObject.Properties) {
            if ($value.Name -ne $Name) { continue }
            $found = New-Object psobject
            Add-Member -InputObject $found -MemberType NoteProperty -Name $value.Name -Value (ConvertFrom-WinsimValue $value.Value)
            return $found
        }
        $PSCmdlet.WriteError((New-WinsimError 'System.Management.Automation.PSArgumentException' 'InvalidArgument'))
        return
    }
    $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
}

function New-Item {
    # A key, or with -ItemType a folder. As Windows does with -Force: those above it are made too.
    [CmdletBinding()]
    param([string] $Path, [string] $ItemType, [switch] $Force)
    $key = Get-WinsimKey $Path
    if (-not $key) {
        if ($null -eq (Get-Item -LiteralPath $Path -ErrorAction SilentlyContinue)) {
            Add-WinsimChange @{ make_folder = $Path }
            Add-WinsimFile (New-Object psobject -Property @{ path = '=' + $Path; size = $null; modified = '@' + $winsimWorld.now; attributes = 16 })
        }
        return Get-Item -LiteralPath $Path
    }
    Add-WinsimChange @{ make_key = $key }
    $parts = $key.Split('\')
    for ($count = 2; $count -le $parts.Count; $count++) {
        $above = $parts[0..($count - 1)] -join '\'
        if ($null -eq $winsimWorld.registry.PSObject.Properties[$above]) {
            Add-Member -InputObject $winsimWorld.registry -MemberType NoteProperty -Name $above -Value (New-Object psobject)
        }
    }
    Get-Item -LiteralPath $Path
}

function Set-ItemProperty {
    [CmdletBinding()]
    param([string] $LiteralPath, [string] $Name, $Value, [string] $Type)
    $key = Get-WinsimKey $LiteralPath
    $known = $winsimWorld.registry.PSObject.Properties[$key]
    if ($null -eq $known) {
        $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
        return
    }
    Add-WinsimChange @{ set_value = $key; name = $Name; type = $Type; data = $Value }
    $kept = $Value
    if ($Value -is [string]) { $kept = '=' + $Value }
    if ($Value -is [array]) { $kept = @($Value | ForEach-Object { '=' + $_ }) }
    Add-Member -InputObject $known.Value -MemberType NoteProperty -Name $Name -Value $kept -Force
}

function Remove-ItemProperty {
    [CmdletBinding()]
    param([string] $LiteralPath, [string] $Name)
    $key = Get-WinsimKey $LiteralPath
    Add-WinsimChange @{ remove_value = $key; name = $Name }
    $winsimWorld.registry.$key.PSObject.Properties.Remove($Name)
}

function Remove-Item {
    [CmdletBinding()]
    param([string] $LiteralPath, [switch] $Recurse, [switch] $Force, [switch] $DeleteKey)
    $key = Get-WinsimKey $LiteralPath
    if ($key -and $null -ne $winsimWorld.registry.PSObject.Properties[$key]) {
        Add-WinsimChange @{ remove_key = $key }
        $winsimWorld.registry.PSObject.Properties.Remove($key)
        return
    }
    $item = Get-WinsimFile $LiteralPath
    if ($null -eq $item) {
        $PSCmdlet.WriteError((New-WinsimError 'PathNotFound' 'ObjectNotFound'))
    } elseif ($item.PSIsContainer -and $Recurse) {
        Add-WinsimChange @{ remove = $item.FullName }
        foreach ($file in $winsimWorld.files) {
            $path = $file.path.Substring(1)
            if ($path -eq $item.FullName -or $path.StartsWith($item.FullName + '\', 'OrdinalIgnoreCase')) { $winsimRemoved[$path] = $true }
        }
    } elseif ($item.PSIsContainer -or $item.WinsimFile.locked) {
        $PSCmdlet.WriteError((New-WinsimError 'RemoveFileSystemItemIOError' 'WriteError'))
    } else {
        Add-WinsimChange @{ remove = $item.FullName }
        $winsimRemoved[$item.FullName] = $true
    }
}

function Add-WinsimFile {
    param($File)
    $winsimRemoved.Remove($File.path.Substring(1))
    $winsimWorld.files = @($winsimWorld.files) + $File
}

function Expand-Archive {
    [CmdletBinding()]
    param([string] $LiteralPath, [string] $DestinationPath)
    $archive = $winsimWorld.archives.PSObject.Properties[$LiteralPath]
    if ($null -eq $archive) {
        $PSCmdlet.WriteError((New-WinsimError 'ArchiveFileNotFound' 'InvalidArgument'))
        return
    }
    Add-WinsimChange @{ expand = $LiteralPath; to = $DestinationPath }
    Add-WinsimFile (New-Object psobject -Property @{ path = '=' + $DestinationPath; size = $null; modified = '@' + $winsimWorld.now; attributes = 16 })
    foreach ($member in $archive.Value) {
        $member.path = '=' + $DestinationPath + '\' + $member.path.Substring(1)
        Add-WinsimFile $member
    }
}

function Set-Content {
    [CmdletBinding()]
    param([string] $LiteralPath, [string[]] $Value, [string] $Encoding)
    $text = ($Value -join "`r`n") + "`r`n"
    Add-WinsimChange @{ write = $LiteralPath; text = $text }
    Add-WinsimFile (New-Object psobject -Property @{
        path = '=' + $LiteralPath; size = $text.Length; modified = '@' + $winsimWorld.now; attributes = 32
        version = @(0, 0, 0, 0); signer = $null; locked = $false; hangs = $false
    })
}

function Get-AuthenticodeSignature {
    [CmdletBinding()]
    param([string] $LiteralPath)
    $item = Get-WinsimFile $LiteralPath
    if ($null -eq $item) {
        $PSCmdlet.WriteError((New-WinsimError 'FileNotFound' 'ObjectNotFound'))
        return
    }
    $signer = $null
    if (-not $item.PSIsContainer) { $signer = ConvertFrom-WinsimValue $item.WinsimFile.signer }
    if ($null -eq $signer) { return New-Object psobject -Property @{ Status = 'NotSigned'; SignerCertificate = $null } }
    if ($signer.Contains(',')) { $signer = '"' + $signer + '"' }
    $certificate = New-Object psobject -Property @{ Subject = "CN=$signer, O=Winsim, C=IT" }
    return New-Object psobject -Property @{ Status = 'Valid'; SignerCertificate = $certificate }
}

# Programs: one that is started runs for five seconds, or for ever

function Start-Process {
    [CmdletBinding()]
    param([string] $FilePath, [string[]] $ArgumentList, [string] $WorkingDirectory, [string] $WindowStyle, [switch] $PassThru)
    Add-WinsimChange @{ run = $FilePath; arguments = @($ArgumentList) }
    $hangs = $false
    $code = 0
    if ($FilePath.EndsWith('\Dism.exe', 'OrdinalIgnoreCase')) {
        $hangs = $winsimWorld.dism.hangs
        $code = $winsimWorld.dism.exit_code
    } else {
        $hangs = (Get-Item -LiteralPath $FilePath).WinsimFile.hangs
    }
    $ends = $winsimState.Seconds + 5
    if ($hangs) { $ends = [int]::MaxValue }
    $process = New-Object psobject -Property @{ Path = $FilePath; Handle = 1; ExitCode = $code; Ends = $ends }
    Add-Member -InputObject $process -MemberType ScriptProperty -Name 'HasExited' -Value { $winsimState.Seconds -ge $this.Ends }
    $winsimState.Programs += $process
    if ($PassThru) { return $process }
}

function Wait-Process {
    [CmdletBinding()]
    param($InputObject, [int] $Timeout)
    if ($InputObject.Ends -le $winsimState.Seconds + $Timeout) {
        $winsimState.Seconds = $InputObject.Ends
        return
    }
    $winsimState.Seconds += $Timeout
    $PSCmdlet.WriteError((New-WinsimError 'ProcessNotTerminated' 'CloseError'))
}

function Stop-Process {
    [CmdletBinding()]
    param($InputObject, [int] $Id, [switch] $Force)
    if ($Id) {
        if ($winsimWorld.protected -contains $Id) {
            $PSCmdlet.WriteError((New-WinsimError 'CouldNotStopProcess' 'CloseError'))
            return
        }
        Add-WinsimChange @{ kill = $Id }
        foreach ($class in $winsimWorld.cim) {
            if ($class.name -eq 'Win32_Process') { $class.rows = @(foreach ($row in $class.rows) { if ($row.ProcessId -ne $Id) { $row } }) }
        }
        return
    }
    Add-WinsimChange @{ end = $InputObject.Path }
    $InputObject.Ends = 0
}

function Get-Process {
    # Windows' own say nothing of their path.
    New-Object psobject -Property @{ Path = $null }
    foreach ($process in $winsimState.Programs) {
        if (-not $process.HasExited) { $process }
    }
}

# The way in: accounts, the firewall's rules, listeners

function Get-LocalUser {
    [CmdletBinding()]
    param([string] $Name)
    foreach ($account in $winsimWorld.accounts) {
        if ($account.name.Substring(1) -eq $Name) {
            return New-Object psobject -Property @{ Name = $account.name.Substring(1); SID = $account.sid }
        }
    }
    $PSCmdlet.WriteError((New-WinsimError 'UserNotFound' 'ObjectNotFound'))
}

function Remove-LocalUser {
    [CmdletBinding()]
    param([string] $SID)
    Add-WinsimChange @{ drop_account = $SID }
}

function Get-NetFirewallRule {
    [CmdletBinding()]
    param([string] $Name)
    if ($winsimWorld.firewall_rules -contains $Name) { return New-Object psobject -Property @{ Name = $Name } }
    $PSCmdlet.WriteError((New-WinsimError 'CmdletizationQuery_NotFound_InstanceID' 'ObjectNotFound'))
}

function Remove-NetFirewallRule {
    [CmdletBinding()]
    param([string] $Name)
    Add-WinsimChange @{ remove_rule = $Name }
}

function Get-WSManInstance {
    [CmdletBinding()]
    param([string] $ResourceURI, [switch] $Enumerate)
    foreach ($transport in $winsimWorld.listeners) {
        # Where Windows keeps it.
        $key = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+' + $transport
        $about = Get-ItemProperty -LiteralPath ('Registry::' + $key.Replace('HKLM\', 'HKEY_LOCAL_MACHINE\')) -Name 'certThumbprint' -ErrorAction SilentlyContinue
        $thumbprint = $null
        if ($null -ne $about) { $thumbprint = $about.certThumbprint }
        New-Object psobject -Property @{ Address = '*'; Transport = $transport; CertificateThumbprint = $thumbprint }
    }
}

function Remove-WSManInstance {
    [CmdletBinding()]
    param([string] $ResourceURI, [hashtable] $SelectorSet)
    Add-WinsimChange @{ remove_listener = $SelectorSet['Transport'] }
}

# Services

function Get-WinsimService {
    param([string] $Name)
    foreach ($service in $winsimWorld.services) {
        if ($service.name -eq $Name) { return $service }
    }
}

function Get-Service {
    [CmdletBinding()]
    param([string] $Name)
    $service = Get-WinsimService $Name
    if ($null -ne $service) { return New-Object psobject -Property @{ Name = $service.name; Status = $service.state } }
    $PSCmdlet.WriteError((New-WinsimError 'NoServiceFoundForGivenName' 'ObjectNotFound'))
}

function Stop-Service {
    # Without -Force none is stopped that others need; with -NoWait nobody waits for it.
    [CmdletBinding()]
    param([string] $Name, [switch] $NoWait)
    $service = Get-WinsimService $Name
    foreach ($other in $winsimWorld.services) {
        if ($other.state -ne 'Stopped' -and $other.needs -contains $service.name) {
            $PSCmdlet.WriteError((New-WinsimError 'ServiceHasDependentServices' 'InvalidOperation'))
            return
        }
    }
    Add-WinsimChange @{ stop_service = $service.name }
    $service.state = 'Stopped'
}

function Start-Service {
    [CmdletBinding()]
    param([string] $Name)
    $service = Get-WinsimService $Name
    if ($null -eq $service -or $service.fails) {
        $PSCmdlet.WriteError((New-WinsimError 'StartServiceFailed' 'OpenError'))
        return
    }
    Add-WinsimChange @{ start_service = $service.name }
    $service.state = 'Running'
}

function Start-Sleep {
    param([int] $Seconds)
    $winsimState.Seconds += $Seconds
}

# Event log

function Get-WinEvent {
    [CmdletBinding()]
    param([hashtable] $FilterHashtable, [string] $LogName, [switch] $Oldest, [int] $MaxEvents = [int]::MaxValue)
    $filter = $FilterHashtable
    if ($null -eq $filter) { $filter = @{ LogName = $LogName } }
    $log = [string]$filter['LogName']
    foreach ($missing in $winsimWorld.missing_logs) {
        if ($missing -eq $log) {
            $PSCmdlet.WriteError((New-WinsimError 'NoMatchingLogsFound' 'ObjectNotFound'))
            return
        }
    }
    $found = @(
        foreach ($each in $winsimWorld.events) {
            if ($each.log.Substring(1) -ne $log) { continue }
            if ($filter.ContainsKey('ProviderName') -and $each.provider.Substring(1) -ne $filter['ProviderName']) { continue }
            if ($filter.ContainsKey('Id') -and $filter['Id'] -notcontains $each.id) { continue }
            $at = ConvertFrom-WinsimValue $each.at
            if ($filter.ContainsKey('StartTime') -and $at -lt $filter['StartTime']) { continue }
            $record = New-Object psobject -Property @{
                RecordId = [long]$each.record
                Id = [int]$each.id
                TimeCreated = $at
                Level = [byte]$each.level
                ProviderName = $each.provider.Substring(1)
                UserId = ConvertFrom-WinsimValue $each.sid
                Message = ConvertFrom-WinsimValue $each.message
                WinsimXml = $each.xml.Substring(1)
            }
            Add-Member -InputObject $record -MemberType ScriptMethod -Name 'ToXml' -Value { $this.WinsimXml } -PassThru
        }
    )
    if ($found.Count -eq 0) {
        $PSCmdlet.WriteError((New-WinsimError 'NoMatchingEventsFound' 'ObjectNotFound'))
        return
    }
    $chosen = @($found | Sort-Object -Property @('TimeCreated', 'RecordId') -Descending:(-not $Oldest) | Select-Object -First $MaxEvents)
    foreach ($record in $chosen) {
        $winsimState.Seconds += $winsimWorld.slow.event_log
        $record
    }
}
