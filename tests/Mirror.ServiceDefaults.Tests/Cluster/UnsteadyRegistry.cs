using System.Reflection;
using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Tests.Cluster;

/// <summary>A registry of one process that is unreachable while a test says so, and counts the calls.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives from it.")]
internal class UnsteadyRegistry : DispatchProxy
{
    private readonly LocalStreamRegistry _registry = new();
    private int _calls;

    public bool IsUnreachable { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    public static (IStreamRegistry Registry, UnsteadyRegistry Switch) Create()
    {
        IStreamRegistry registry = Create<IStreamRegistry, UnsteadyRegistry>();
        return (registry, (UnsteadyRegistry)(object)registry);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Interlocked.Increment(ref _calls);
        if (IsUnreachable) { throw new TimeoutException("no answer"); }
        return targetMethod!.Invoke(_registry, args);
    }
}
