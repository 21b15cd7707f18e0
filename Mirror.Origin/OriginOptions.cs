using System.ComponentModel.DataAnnotations;

namespace Mirror.Origin;

/// <summary>Section <c>delivery</c>: how live streams are served.</summary>
internal sealed class OriginOptions
{
    public const string Section = "delivery";

    /// <summary>Media that a live playlist lists; never fewer than six segments or three target durations, whatever it says. At most half of <c>store.retention</c>. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:03", "1.00:00:00")]
    public TimeSpan LiveWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>PART-HOLD-BACK, how far behind live players stay, as a multiple of the stream's largest part target. Default 3, the least that Apple's authoring rules allow.</summary>
    [Range(2.0, 30.0)]
    public double PartHoldBack { get; set; } = 3;

    /// <summary>Requests that may wait for one rendition's next part; further ones are answered 503. Default 20,000: twice the viewers of a full origin.</summary>
    [Range(1, 10_000_000)]
    public int MaxParkedPerRendition { get; set; } = 20_000;

    /// <summary>Requests that may wait in all. Default 100,000: about 100 MB of request state.</summary>
    [Range(1, 10_000_000)]
    public int MaxParked { get; set; } = 100_000;

    /// <summary>How long a read from the segment store may take before it counts as failed. Default 3 s: what a player waits for a part.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the playlist of an ended stream goes on being served. Default 60 s: time for every player to see the end.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan EndedRetention { get; set; } = TimeSpan.FromSeconds(60);
}
