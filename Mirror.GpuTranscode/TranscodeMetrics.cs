using System.Diagnostics.Metrics;

namespace Mirror.GpuTranscode;

/// <summary>The transcoding step's instruments.</summary>
internal static class TranscodeMetrics
{
    private static readonly Meter Meter = new(PackagingMetrics.MeterName);

    /// <summary>Worker processes replaced.</summary>
    public static readonly Counter<long> Restarts = Meter.CreateCounter<long>("mirror.transcode.restarts", "{worker}", "Worker processes replaced");

    /// <summary>Frames encoded, over all renditions.</summary>
    public static readonly Counter<long> Frames = Meter.CreateCounter<long>("mirror.transcode.frames", "{frame}", "Frames encoded, over all renditions");

    /// <summary>Source frames left out because the machine could not keep up.</summary>
    public static readonly Counter<long> FramesDropped = Meter.CreateCounter<long>("mirror.transcode.frames_dropped", "{frame}", "Source frames left out because the machine could not keep up");

    /// <summary>Source frames that could not be decoded.</summary>
    public static readonly Counter<long> Errors = Meter.CreateCounter<long>("mirror.transcode.decode_errors", "{frame}", "Source frames that could not be decoded");

    /// <summary>Audio frames encoded.</summary>
    public static readonly Counter<long> AudioFrames = Meter.CreateCounter<long>("mirror.transcode.audio_frames", "{frame}", "Audio frames encoded");

    /// <summary>Source audio frames that could not be decoded.</summary>
    public static readonly Counter<long> AudioErrors = Meter.CreateCounter<long>("mirror.transcode.audio_errors", "{frame}", "Source audio frames that could not be decoded");

    /// <summary>Source audio frames left out because they waited too long.</summary>
    public static readonly Counter<long> AudioDropped = Meter.CreateCounter<long>("mirror.transcode.audio_dropped", "{frame}", "Source audio frames left out because they waited too long");

    /// <summary>Silence put where the source had no sound.</summary>
    public static readonly Counter<long> AudioFilled = Meter.CreateCounter<long>("mirror.transcode.audio_filled", "ms", "Silence put where the source had no sound");

    /// <summary>Streams whose renditions were refused for want of capacity.</summary>
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("mirror.transcode.refused", "{stream}", "Streams whose renditions were refused for want of capacity");

    /// <summary>Time of decoding one picture: the mean over a heartbeat.</summary>
    public static readonly Histogram<double> Decode = Meter.CreateHistogram<double>("mirror.transcode.decode", "ms", "Time to decode one picture, mean over a heartbeat");

    /// <summary>Time of scaling one picture to one size: the mean over a heartbeat.</summary>
    public static readonly Histogram<double> Scale = Meter.CreateHistogram<double>("mirror.transcode.scale", "ms", "Time to scale one picture to one size, mean over a heartbeat");

    /// <summary>Time of encoding one picture of one rendition: the mean over a heartbeat.</summary>
    public static readonly Histogram<double> Encode = Meter.CreateHistogram<double>("mirror.transcode.encode", "ms", "Time to encode one picture of one rendition, mean over a heartbeat");

    /// <summary>Time from a picture's arrival to the start of its decoding.</summary>
    public static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("mirror.transcode.lag", "ms", "From the arrival of a picture to the start of its decoding");

    /// <summary>From the arrival of a picture's last byte to its encoded frame.</summary>
    public static readonly Histogram<double> Latency = Meter.CreateHistogram<double>("mirror.transcode.latency", "ms", "From the arrival of a picture to its encoded frame");
}
