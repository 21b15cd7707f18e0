using System.Diagnostics.Metrics;

namespace Mirror.GpuTranscode;

/// <summary>The packaging step's instruments.</summary>
internal static class PackagingMetrics
{
    public const string MeterName = "Mirror.GpuTranscode";
    private static readonly Meter Meter = new(MeterName);

    /// <summary>Parts stored and announced.</summary>
    public static readonly Counter<long> Parts = Meter.CreateCounter<long>("mirror.package.parts", "{part}", "Parts made");

    /// <summary>Parts lost to a slow or failing store.</summary>
    public static readonly Counter<long> PartsDropped = Meter.CreateCounter<long>("mirror.package.parts_dropped", "{part}", "Parts lost to a slow or failing store");

    /// <summary>Access units that could not be packaged.</summary>
    public static readonly Counter<long> UnitsDropped = Meter.CreateCounter<long>("mirror.package.units_dropped", "{unit}", "Access units that could not be packaged");

    /// <summary>Silent frames made where sound was missing.</summary>
    public static readonly Counter<long> SilentFrames = Meter.CreateCounter<long>("mirror.package.silent_frames", "{frame}", "Silent frames made where sound was missing");
    public static readonly Counter<long> RepeatedPictures = Meter.CreateCounter<long>("mirror.package.repeated_pictures", "{picture}", "Pictures that were missing while the sound went on: encoded renditions repeat the last one");

    /// <summary>Segments cut where no random access point was.</summary>
    public static readonly Counter<long> ForcedCuts = Meter.CreateCounter<long>("mirror.package.forced_cuts", "{segment}", "Segments cut where no random access point was");

    /// <summary>From the arrival of a part's last input byte to its announcement.</summary>
    public static readonly Histogram<double> Latency = Meter.CreateHistogram<double>("mirror.package.latency", "ms", "From the arrival of a part's last input byte to its announcement");
}
