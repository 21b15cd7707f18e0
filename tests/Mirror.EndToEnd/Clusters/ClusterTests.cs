using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Clusters;

/// <summary>Tests on the one cluster of a run. Each finds it whole, whatever the one before it left behind: one fault is one red test.</summary>
[Collection(nameof(RunningCluster))]
[Trait(TestRuns.Trait, TestRuns.Cluster)]
public abstract class ClusterTests(RunningCluster running) : IAsyncLifetime
{
    private protected RunningCluster Running => running;

    public virtual async ValueTask InitializeAsync() => await running.RepairAsync();

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
