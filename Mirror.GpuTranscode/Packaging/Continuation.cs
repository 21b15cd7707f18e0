using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Under which fence a stream is packaged, and where its renditions stand that another node packaged before.</summary>
/// <param name="Epoch">Fence of this node's lease; 0 in a single process.</param>
/// <param name="Positions">How far renditions have come; none for a stream that begins.</param>
internal sealed record Continuation(long Epoch, IReadOnlyList<RenditionPosition> Positions)
{
    /// <summary>A stream that begins, in a single process.</summary>
    public static Continuation None { get; } = new(0, []);

    /// <summary>The number at which all renditions go on together: no part of it, or above, was announced. <see langword="null"/> for a stream that begins.</summary>
    public long? FirstMsn => Positions.Count == 0 ? null : Positions.Max(position => position.NextMsn);

    /// <summary>The last discontinuity sequence number of what the stream was before, if that is known.</summary>
    public int? LastDiscontinuity { get; init; }

    /// <summary>Discontinuity sequence number of the first segment made here, and so of renditions that begin here.</summary>
    public int DiscontinuitySequence => 1 + (Positions.Count == 0 ? LastDiscontinuity : Positions.Max(position => position.DiscontinuitySequence)) ?? 0;

    /// <summary>Whether renditions were encoded, which may be watched.</summary>
    public bool HasEncoded => Positions.Any(static position => IsEncoded(position.Started.Rendition.Rendition));

    private static bool IsEncoded(string rendition) => !RenditionName.IsReserved(rendition) || RenditionName.IsEncodedAudio(rendition);

    /// <summary>Where a rendition stands.</summary>
    public RenditionPosition? Of(string rendition) => Positions.FirstOrDefault(position => position.Started.Rendition.Rendition == rendition);
}
