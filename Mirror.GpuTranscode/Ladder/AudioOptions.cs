using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.GpuTranscode.Ladder;

/// <summary>The encoded sound, as section <c>audio</c> of the ladder file describes it.</summary>
internal sealed class AudioOptions
{
    /// <summary>What to encode to. Default <see cref="AudioRungCodec.Aac"/>, which every player has.</summary>
    public AudioRungCodec Codec { get; set; } = AudioRungCodec.Aac;

    /// <summary>Aimed bit rate. Default 64 kbit/s.</summary>
    [Range(typeof(Bitrate), "16kbps", "512kbps")]
    public Bitrate Bitrate { get; set; } = new(64_000);

    /// <summary>Channels, to which the source's are mixed. Default 2.</summary>
    [Range(1, 2)]
    public int Channels { get; set; } = 2;

    /// <summary>Samples per second. Default 48000, the rate of nearly all sources.</summary>
    [AllowedValues(32_000, 44_100, 48_000)]
    public int SampleRate { get; set; } = 48_000;

    /// <summary>Leave the sound as it is where the source's is AAC-LC of one or two channels and of no more than the bit rate. Default true.</summary>
    public bool BypassIfMatch { get; set; } = true;
}

/// <summary>What the sound is encoded to.</summary>
internal enum AudioRungCodec
{
    /// <summary>AAC-LC.</summary>
    Aac,

    /// <summary>Nothing: encoded pictures come with the source's sound.</summary>
    Off,
}
