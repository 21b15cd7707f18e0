using Mirror.Streams.Registry;

namespace Mirror.GpuTranscode.Intake;

/// <summary>Which transcode node ought to have a stream, decided by each for itself from what the registry says of the others.</summary>
internal static class StreamSharing
{
    /// <summary>Cores that the renditions of a stream usually take, before anything is known of it: 360p from 1080p30, with its sound.</summary>
    internal const double UsualCores = 0.36;

    private const double Margin = 1.25;                      // records are a second old, and costs are a model

    /// <summary>Whether another node ought to have the next stream: one with room where this one has none, or else, of those alike, one with fewer streams.</summary>
    /// <param name="streams">Streams that this node has.</param>
    /// <param name="freeCores">Its cores that a further stream may take.</param>
    /// <param name="others">The other transcode nodes.</param>
    public static bool OughtToWait(int streams, double freeCores, IReadOnlyCollection<NodeRecord> others)
    {
        bool hasRoom = freeCores >= UsualCores;
        if (!hasRoom && others.Any(HasRoom)) { return true; }
        return others.Any(other => HasRoom(other) == hasRoom && other.Streams < streams);
    }

    /// <summary>The node with the most room, where it is enough for renditions of this cost.</summary>
    /// <param name="cores">What they would take.</param>
    /// <param name="others">The other transcode nodes.</param>
    public static NodeRecord? FindRoom(double cores, IEnumerable<NodeRecord> others)
        => others.Where(other => other.FreeCores >= cores * Margin).MaxBy(other => other.FreeCores);

    private static bool HasRoom(NodeRecord node) => node.FreeCores >= UsualCores;
}
