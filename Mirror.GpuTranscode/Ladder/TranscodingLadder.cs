using System.Text.RegularExpressions;
using Mirror.GpuTranscode.Packaging;
using Mirror.Media.Frames;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Ladder;

/// <summary>The rungs and the sound that are configured, and what of them suits a source.</summary>
internal sealed partial class TranscodingLadder(IReadOnlyList<KeyValuePair<string, RungOptions>> rungs, AudioOptions? audio = null)
{
    private const int MostRungs = 10;                        // what a processor could encode at all
    private const double PeakShare = 9.0 / 8;                // of the aimed rate: 450 kbit/s for 400
    private const double BufferSeconds = 2;                  // of the aimed rate: 800 kbit for 400 kbit/s
    private const double FrameRateTolerance = 1.01;          // 60 fps is no more than 59.94
    private const double AudioRateTolerance = 1.1;           // of a measured rate: encoders vary about the one they were told
    private const string AacLc = "mp4a.40.2";                // RFC 6381 §3.3
    private readonly AudioOptions _audio = audio ?? new AudioOptions();

    /// <summary>What is encoded where nothing is configured: small enough for six pictures side by side on a phone.</summary>
    public static TranscodingLadder Default { get; } = new([new("360p", new RungOptions { Width = 640 })]);

    /// <summary>Reads the rungs from a ladder file.</summary>
    /// <exception cref="MirrorStartException">The file cannot be read, or a rung is not allowed.</exception>
    public static TranscodingLadder Load(string path)
    {
        var audio = new AudioOptions();
        IReadOnlyList<KeyValuePair<string, RungOptions>> rungs = MirrorOptionsFile.LoadNamed<RungOptions>(path, "ladder", ("audio", audio));
        string file = Path.GetFileName(path);
        if (rungs.Count > MostRungs) { throw Wrong($"{file}: {rungs.Count} rungs; allowed are {MostRungs} at most."); }
        foreach ((string name, _) in rungs)
        {
            if (!RungName().IsMatch(name)) { throw Wrong($"{file}: ladder.{name}: a rung's name is 1 to 32 letters, digits, '-' and '_', starting with a letter or a digit."); }
            if (name.StartsWith(RenditionName.SourceAudio + "-", StringComparison.Ordinal)) { throw Wrong($"{file}: ladder.{name}: '{name}' is a name of sound; choose another one."); }
            if (name is StreamPackager.VideoRendition or StreamPackager.AudioRendition) { throw Wrong($"{file}: ladder.{name}: '{name}' is the publisher's own rendition; choose another name."); }
        }
        return new TranscodingLadder(rungs, audio);
    }

    /// <summary>Works out the encoders' settings for a source, from the largest picture; rungs that have more lines than the source are left out.</summary>
    /// <param name="source">The source's track.</param>
    /// <param name="hasKeyFrames">
    /// Whether browsers can start with the source. If they cannot, it gets one rung at least: the smallest, at most in the source's size.
    /// </param>
    public IReadOnlyList<RungPlan> PlanFor(VideoTrack source, bool hasKeyFrames = true)
    {
        ArgumentNullException.ThrowIfNull(source);
        RungPlan[] suitable = [.. rungs.Where(rung => Suits(rung.Value, source)).Select(rung => Plan(rung.Key, rung.Value, source)).OrderByDescending(plan => plan.Width * plan.Height)];
        if (hasKeyFrames || suitable.Length > 0 || rungs.Count == 0) { return suitable; }
        KeyValuePair<string, RungOptions> smallest = rungs.MinBy(rung => rung.Value.Height);
        RungPlan plan = Plan(smallest.Key, smallest.Value, source);
        (int width, int height) = plan.Height > source.Height ? SizeIn(source.Height, source) : (plan.Width, plan.Height);
        return [plan with { Width = width, Height = height }];
    }

    /// <summary>Works out what the sound is encoded to; <see langword="null"/> where the source's serves every rendition.</summary>
    /// <param name="source">The source's sound.</param>
    /// <param name="bitrate">Its bit rate, as measured; 0 when that is not known, and then it counts as too high.</param>
    /// <param name="hasRungs">Whether pictures are encoded that it would go with. AAC that browsers play is left alone without them.</param>
    public AudioPlan? PlanAudioFor(AudioTrack source, long bitrate, bool hasRungs)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (_audio.Codec == AudioRungCodec.Off || (!hasRungs && source is { Codec: Codec.Aac, IsDeliverable: true })) { return null; }
        bool matches = source is { Codec: Codec.Aac, CodecString: AacLc, Channels: <= 2, IsDeliverable: true } && bitrate > 0 && bitrate <= _audio.Bitrate.BitsPerSecond * AudioRateTolerance;
        return _audio.BypassIfMatch && matches ? null : new AudioPlan { Bitrate = (int)_audio.Bitrate.BitsPerSecond, Channels = _audio.Channels, SampleRate = _audio.SampleRate };
    }

    private static bool Suits(RungOptions rung, VideoTrack source)
    {
        if (rung.Height > source.Height) { return false; }
        bool matches = CodecOf(rung.Codec) == source.Codec && SizeOf(rung, source) == (source.Width, source.Height)
            && (rung.MaxFrameRate == 0 || source.FrameRate.Value <= rung.MaxFrameRate * FrameRateTolerance);
        return !(rung.BypassIfMatch && matches);
    }

    private static RungPlan Plan(string name, RungOptions rung, VideoTrack source)
    {
        (int width, int height) = SizeOf(rung, source);
        long bitrate = rung.Bitrate.BitsPerSecond;
        return new RungPlan
        {
            Name = name,
            Codec = rung.Codec,
            Width = width,
            Height = height,
            LargestFrameRate = rung.MaxFrameRate == 0 ? Rational.Unknown : new Rational((uint)Math.Round(rung.MaxFrameRate * 1000), 1000),
            Bitrate = bitrate,
            PeakBitrate = rung.MaxBitrate.BitsPerSecond == 0 ? (long)(bitrate * PeakShare) : rung.MaxBitrate.BitsPerSecond,
            BufferSize = rung.BufferSize.Bytes == 0 ? (long)(bitrate * BufferSeconds) : rung.BufferSize.Bytes * 8,
            Preset = rung.Preset,
            Profile = rung.Profile,
            KeyFrameInterval = rung.KeyFrameInterval,
            BFrames = rung.BFrames,
            References = rung.References,
        };
    }

    /// <summary>The picture's size in square samples, so that a source of 720×576 at 16:9 keeps its shape.</summary>
    private static (int Width, int Height) SizeOf(RungOptions rung, VideoTrack source)
    {
        if (rung.Resize == ResizeMode.Stretch) { return (rung.Width, rung.Height); }
        return SizeIn(rung.Width == 0 ? rung.Height : Math.Min(rung.Height, rung.Width / AspectOf(source)), source);
    }

    private static (int Width, int Height) SizeIn(double height, VideoTrack source) => (ToEven(height * AspectOf(source)), ToEven(height));

    private static double AspectOf(VideoTrack source)
        => source.Width * (source.SampleAspectRatio.IsKnown ? source.SampleAspectRatio.Value : 1) / source.Height;

    private static int ToEven(double size) => Math.Max(2, (int)Math.Round(size / 2, MidpointRounding.AwayFromZero) * 2);

    private static Codec? CodecOf(RungCodec codec) => codec switch
    {
        RungCodec.H264 => Codec.H264,
        RungCodec.H265 => Codec.H265,
        RungCodec.Av1 => Codec.Av1,
        _ => null,
    };

    private static MirrorStartException Wrong(string message) => new(message) { ExitCode = MirrorStartException.ConfigurationWrong };

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RungName();
}
