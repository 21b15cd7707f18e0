using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.GpuTranscode.Ladder;

/// <summary>One encoded rendition, as the ladder file describes it. The defaults make <c>360p</c>.</summary>
internal sealed class RungOptions : IValidatableObject
{
    /// <summary>What to encode to.</summary>
    public RungCodec Codec { get; set; } = RungCodec.H264;

    /// <summary>Width of the picture, or of the box that it is fitted into; 0 follows from the height.</summary>
    [Range(0, 8192)]
    public int Width { get; set; }

    /// <summary>Height of the picture, or of the box that it is fitted into. A source of fewer lines does without this rung.</summary>
    [Range(64, 4320)]
    public int Height { get; set; } = 360;

    /// <summary>How the picture comes to that size.</summary>
    public ResizeMode Resize { get; set; } = ResizeMode.Fit;

    /// <summary>Frames per second at most; 0 keeps the source's.</summary>
    [Range(0.0, 240.0)]
    public double MaxFrameRate { get; set; }

    /// <summary>Aimed bit rate.</summary>
    [Range(typeof(Bitrate), "20kbps", "200Mbps")]
    public Bitrate Bitrate { get; set; } = new(400_000);

    /// <summary>Highest bit rate over the buffer; 0 is 9/8 of the aimed one.</summary>
    public Bitrate MaxBitrate { get; set; }

    /// <summary>Size of the decoder's buffer; 0 is two seconds of the aimed bit rate.</summary>
    public ByteSize BufferSize { get; set; }

    /// <summary>The encoder's preset: speed against quality.</summary>
    [AllowedValues("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")]
    public string Preset { get; set; } = "veryfast";

    /// <summary>Profile of H.264: baseline plays everywhere, high needs the fewest bits.</summary>
    [AllowedValues("baseline", "main", "high")]
    public string Profile { get; set; } = "high";

    /// <summary>Longest distance of key frames; 0 leaves just the one that starts each segment.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan KeyFrameInterval { get; set; }

    /// <summary>B-frames in a row at most. Each delays the rendition by a frame.</summary>
    [Range(0, 4)]
    public int BFrames { get; set; }

    /// <summary>Reference frames.</summary>
    [Range(1, 16)]
    public int References { get; set; } = 1;

    /// <summary>Leave the rung out where the source has its codec, its size and no more than its frame rate already.</summary>
    public bool BypassIfMatch { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Width % 2 != 0) { yield return new("allowed are even numbers", [nameof(Width)]); }
        if (Height % 2 != 0) { yield return new("allowed are even numbers", [nameof(Height)]); }
        if (MaxBitrate.BitsPerSecond != 0 && MaxBitrate < Bitrate) { yield return new("allowed is 0, or at least the rung's bitrate", [nameof(MaxBitrate)]); }
        if (Resize == ResizeMode.Stretch && Width == 0) { yield return new("stretching needs a width", [nameof(Width)]); }
        if (Profile == "baseline" && BFrames > 0) { yield return new("the baseline profile has no B-frames", [nameof(BFrames)]); }
    }
}

/// <summary>How a picture comes to a rung's size.</summary>
internal enum ResizeMode
{
    /// <summary>Fitted into the rung's width and height with its aspect ratio kept.</summary>
    Fit,

    /// <summary>Stretched to exactly the rung's width and height.</summary>
    Stretch,
}
