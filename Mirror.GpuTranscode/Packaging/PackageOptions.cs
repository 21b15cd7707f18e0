using System.ComponentModel.DataAnnotations;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>How streams are cut into segments and parts: section <c>package</c>.</summary>
internal sealed class PackageOptions : IValidatableObject
{
    private const int MostPartsPerSegment = 50;

    private TimeSpan? _segmentDuration;
    private TimeSpan? _partDuration;

    /// <summary>The durations that hold where none is set. Default <see cref="PackagePreset.LowLatency"/>.</summary>
    public PackagePreset Preset { get; set; } = PackagePreset.LowLatency;

    /// <summary>Aimed duration of a segment; where the encoder's key frames are further apart, segments follow them. Default: the preset's.</summary>
    [Range(typeof(TimeSpan), "00:00:00.200", "00:00:10")]
    public TimeSpan SegmentDuration
    {
        get => _segmentDuration ?? TimeSpan.FromMilliseconds(Preset == PackagePreset.LowLatency ? 500 : 1000);
        set => _segmentDuration = value;
    }

    /// <summary>Aimed duration of a part. Default: the preset's.</summary>
    [Range(typeof(TimeSpan), "00:00:00.040", "00:00:02")]
    public TimeSpan PartDuration
    {
        get => _partDuration ?? TimeSpan.FromMilliseconds(Preset == PackagePreset.LowLatency ? 100 : 200);
        set => _partDuration = value;
    }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PartDuration > SegmentDuration)
        {
            yield return new("allowed is at most package.segment_duration", [nameof(PartDuration)]);
        }
        else if (SegmentDuration / PartDuration > MostPartsPerSegment)
        {
            yield return new($"allowed is at least package.segment_duration / {MostPartsPerSegment}", [nameof(PartDuration)]);
        }
    }
}

/// <summary>Durations that suit each other and an audience.</summary>
internal enum PackagePreset
{
    /// <summary>500 ms segments of 100 ms parts: lowest latency, for round-trip times under 33 ms.</summary>
    LowLatency,

    /// <summary>1 s segments of 200 ms parts: half the requests, for longer ways and older players.</summary>
    Compatible,
}
