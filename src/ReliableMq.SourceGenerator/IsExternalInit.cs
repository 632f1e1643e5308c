namespace System.Runtime.CompilerServices;

// Records need this type, and netstandard2.0, the only target the compiler loads everywhere, lacks it.
internal static class IsExternalInit;
