using System.Text.Json.Serialization;

namespace Mirror.Media.Frames;

/// <summary>One elementary stream in one format: all that a packager must know to write its initialization segment.</summary>
/// <remarks>
/// Immutable. A change of format (resolution, profile, channels…) makes a new <see cref="Track"/> with the same <see cref="Id"/>; access
/// units refer to the one in force, so a change is told by comparing <see cref="SameFormatAs"/>.
/// </remarks>
[JsonDerivedType(typeof(VideoTrack), "video")]
[JsonDerivedType(typeof(AudioTrack), "audio")]
public abstract record Track
{
    /// <summary>Number of the track within its stream; stays when the format changes.</summary>
    public required int Id { get; init; }

    /// <summary>The codec.</summary>
    public required Codec Codec { get; init; }

    /// <summary>
    /// The decoder configuration record, without a box header: the body of <c>avcC</c> or <c>hvcC</c> (ISO/IEC 14496-15), of <c>av1C</c>, an
    /// AAC AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), the body of <c>dOps</c>, <c>dac3</c> or <c>dec3</c>. MPEG-2 video: the sequence
    /// header with its extensions. MPEG audio: none, each frame tells all.
    /// </summary>
    public required ReadOnlyMemory<byte> DecoderConfiguration { get; init; }

    /// <summary>The codec string of RFC 6381 for playlists and MSE, such as <c>avc1.640028</c>.</summary>
    public required string CodecString { get; init; }

    /// <summary>Whether samples can be delivered as they came; otherwise they are transcoded.</summary>
    [JsonIgnore]
    public virtual bool IsDeliverable => Codec.IsDeliverable();

    /// <summary>Whether samples of both can share one initialization segment.</summary>
    public bool SameFormatAs(Track? other)
        => ReferenceEquals(this, other)
            || (other is not null && Codec == other.Codec && GetType() == other.GetType() && SameParameters(other)
                && DecoderConfiguration.Span.SequenceEqual(other.DecoderConfiguration.Span));

    private protected abstract bool SameParameters(Track other);
}

/// <summary>A video track. <see cref="AccessUnit.Payload"/> says what its samples are.</summary>
public sealed record VideoTrack : Track
{
    /// <summary>Coded and cropped width in luma samples.</summary>
    public required int Width { get; init; }

    /// <summary>Coded and cropped height in luma samples.</summary>
    public required int Height { get; init; }

    /// <summary>Frames per second, from the parameter sets or, where they are silent, measured; unknown until then.</summary>
    public Rational FrameRate { get; init; } = Rational.Unknown;

    /// <summary>Width to height of one sample; 1/1 is square.</summary>
    public Rational SampleAspectRatio { get; init; } = new(1, 1);

    /// <summary>Colour description.</summary>
    public ColourDescription Colour { get; init; } = ColourDescription.Unspecified;

    /// <summary>Most pictures that precede another in decoding order and follow it in output order; 0 means no B-frame reordering.</summary>
    public int ReorderDepth { get; init; }

    /// <summary>Captions in the frames; <see langword="null"/> until some were seen. They may start at any time.</summary>
    public CaptionServices? Captions { get; init; }

    private protected override bool SameParameters(Track other)
        => other is VideoTrack video && Width == video.Width && Height == video.Height && Colour == video.Colour;
}

/// <summary>An audio track. Samples are frames: AAC without ADTS or LATM, Opus packets, others as they come.</summary>
public sealed record AudioTrack : Track
{
    /// <summary>Samples per second of the output, which is the track's timescale (Opus: always 48000).</summary>
    public required int SampleRate { get; init; }

    /// <summary>Channels of the output.</summary>
    public required int Channels { get; init; }

    /// <summary>The language spoken, a code of three letters (ISO 639-2); <see langword="null"/> where the publisher does not say.</summary>
    public string? Language { get; init; }

    /// <summary>For whom it is.</summary>
    public AudioPurpose Purpose { get; init; }

    /// <summary>The channels are laid out as no usual configuration is, which browsers refuse: it can only be transcoded.</summary>
    public bool HasLayoutOfItsOwn { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsDeliverable => !HasLayoutOfItsOwn && Codec.IsDeliverable();

    private protected override bool SameParameters(Track other)
        => other is AudioTrack audio && SampleRate == audio.SampleRate && Channels == audio.Channels;
}

/// <summary>For whom an audio track is: audio_type of the ISO 639 language descriptor (ITU-T H.222.0 §2.6.19).</summary>
public enum AudioPurpose
{
    /// <summary>For everybody, or not said.</summary>
    Main = 0,

    /// <summary>Sounds without speech.</summary>
    CleanEffects = 1,

    /// <summary>For people who hear badly.</summary>
    HearingImpaired = 2,

    /// <summary>Says what is to be seen, for people who see badly.</summary>
    VisualImpaired = 3,
}

/// <summary>Colour description of ITU-T H.273: the three code points and the range.</summary>
/// <param name="Primaries">ColourPrimaries; 2 is unspecified, 1 BT.709, 9 BT.2020.</param>
/// <param name="Transfer">TransferCharacteristics; 2 is unspecified, 16 PQ, 18 HLG.</param>
/// <param name="Matrix">MatrixCoefficients; 2 is unspecified.</param>
/// <param name="FullRange">Whether samples use the full range rather than the video range.</param>
public readonly record struct ColourDescription(byte Primaries, byte Transfer, byte Matrix, bool FullRange)
{
    /// <summary>Nothing is known of the colours.</summary>
    public static ColourDescription Unspecified => new(2, 2, 2, false);
}
