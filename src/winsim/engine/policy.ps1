# Adds the type by which Ansible asks for the language mode, where this build of PowerShell lacks it.

if ($null -eq ('System.Management.Automation.Security.SystemPolicy' -as [type])) {
    Add-Type -TypeDefinition @'
namespace System.Management.Automation.Security
{
    public enum SystemEnforcementMode { None, Audit, Enforce }

    public static class SystemPolicy
    {
        public static SystemEnforcementMode GetSystemLockdownPolicy()
        {
            return SystemEnforcementMode.None;
        }
    }
}
'@
}
