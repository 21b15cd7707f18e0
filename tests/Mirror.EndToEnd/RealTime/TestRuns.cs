namespace Mirror.EndToEnd.RealTime;

/// <summary>The runs that <c>make test</c> makes of these tests. Those without the trait are functional: they depend on no speed and run several at a time.</summary>
public static class TestRuns
{
    /// <summary>The trait's name.</summary>
    public const string Trait = "Run";

    /// <summary>Real-time tests: latency, stalls, interruptions. They run last and alone, one after another.</summary>
    public const string RealTime = "real-time";

    /// <summary>Tests whose subject crosses a process boundary. They share one cluster, one after another.</summary>
    public const string Cluster = "cluster";

    /// <summary>Whether long tests run at their full length, as in <c>make soak</c>.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("MIRROR_TEST_FULL") == "true";
}
