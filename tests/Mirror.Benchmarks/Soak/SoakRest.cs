using System.Diagnostics;

namespace Mirror.Benchmarks.Soak;

/// <summary>What the server holds while there is no stream: the same after the thousandth as after the first few.</summary>
internal static class SoakRest
{
    private const int SlackDescriptors = 5;                  // connections of this program that are being closed
    private const int SlackThreads = 5;                      // of the thread pool, which come and go
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(25);   // the thread pool lets a thread go after 20 s
    private static readonly TimeSpan Patience = SoakServer.Retention + TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks at the server once it is warm and has come to rest.</summary>
    public static async Task<SoakSample> SettleAsync(SoakServer server, CancellationToken cancellationToken)
    {
        await Task.Delay(Settling, cancellationToken);
        return await server.SampleAsync();
    }

    /// <summary>Waits until the server is back at what it held at rest before.</summary>
    /// <returns>Whether it came back.</returns>
    public static async Task<bool> ReturnAsync(SoakServer server, SoakSample before, string after, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        SoakSample now;
        bool isBack;
        do
        {
            await Task.Delay(Interval, cancellationToken);
            now = await server.SampleAsync();
            isBack = now.Descriptors <= before.Descriptors + SlackDescriptors && now.Threads <= before.Threads + SlackThreads && now.Children <= before.Children
                && now.Zombies == 0 && now.StoreFiles <= before.StoreFiles;
        }
        while (!isBack && Stopwatch.GetElapsedTime(started) < Patience);
        Console.WriteLine($"at rest {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s after {after}: server {now.ServerMiB:F0} MiB (warmed up: {before.ServerMiB:F0}), descriptors {now.Descriptors} (limit {before.Descriptors + SlackDescriptors}), "
            + $"threads {now.Threads} (limit {before.Threads + SlackThreads}), worker processes {now.Children} (limit {before.Children}), zombies {now.Zombies} (limit 0), files in the store {now.StoreFiles} (limit {before.StoreFiles}): "
            + (isBack ? "back" : "NOT BACK"));
        return isBack;
    }
}
