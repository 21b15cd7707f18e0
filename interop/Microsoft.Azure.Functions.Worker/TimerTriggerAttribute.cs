namespace Microsoft.Azure.Functions.Worker;

/// <summary>The parameter of a function that runs on a schedule.</summary>
/// <param name="schedule">Six fields: second, minute, hour, day, month, day of the week.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TimerTriggerAttribute(string schedule) : Attribute
{
    /// <summary>The schedule.</summary>
    public string Schedule { get; } = schedule;

    /// <summary>Whether it runs at the host's start as well.</summary>
    public bool RunOnStartup { get; set; }

    /// <summary>Whether the schedule is watched over restarts.</summary>
    public bool UseMonitor { get; set; } = true;
}

/// <summary>Tells a function about its timer.</summary>
public sealed class TimerInfo
{
    /// <summary>When it ran and will run.</summary>
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>Whether this run is late.</summary>
    public bool IsPastDue { get; set; }
}

/// <summary>When a timer ran and will run.</summary>
public sealed class ScheduleStatus
{
    /// <summary>The last run.</summary>
    public DateTime Last { get; set; }

    /// <summary>The next run.</summary>
    public DateTime Next { get; set; }

    /// <summary>When this was written.</summary>
    public DateTime LastUpdated { get; set; }
}
