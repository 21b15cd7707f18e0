using System.Diagnostics;

namespace Mirror.Origin.Tests.Publishing;

/// <summary>Waits for something that another thread is about to do.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task HoldsAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"did not come true: {what}");
            await Task.Yield();
            Thread.Yield();
        }
    }
}
