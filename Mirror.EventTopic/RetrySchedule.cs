namespace Mirror.EventTopic;

/// <summary>When Event Grid tries again: 10 s, 30 s, 1 min, 5 min, 10 min, 30 min, 1 h, and then every hour.</summary>
internal static class RetrySchedule
{
    private static readonly TimeSpan[] Waits = [TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)];

    private static readonly TimeSpan WaitForConfiguration = TimeSpan.FromMinutes(5);      // 401, 403 and 404 do not heal in seconds

    /// <summary>Whether a delivery succeeded.</summary>
    public static bool IsDelivered(int status) => status is >= 200 and <= 204;

    /// <summary>Whether there is no point in another attempt.</summary>
    public static bool IsHopeless(int status) => status is 400 or 413;

    /// <summary>How long to wait after a failed attempt.</summary>
    /// <param name="attempts">Attempts so far, from 1.</param>
    /// <param name="status">The HTTP status of the last; 0 where there was no answer.</param>
    /// <param name="factor">Share of Event Grid's waits.</param>
    public static TimeSpan WaitAfter(int attempts, int status, double factor)
    {
        TimeSpan wait = Waits[Math.Min(attempts, Waits.Length) - 1];
        if (status is 401 or 403 or 404 && wait < WaitForConfiguration) { wait = WaitForConfiguration; }
        return wait * factor;
    }
}
