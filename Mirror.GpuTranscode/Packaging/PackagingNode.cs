using Microsoft.Extensions.Options;
using Mirror.GpuTranscode.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages the source of every stream that ingest hands over.</summary>
internal sealed class PackagingNode(IOptions<PackageOptions> options, ISegmentStore store, IAnnouncements announcements, TimeProvider time, ILoggerFactory loggers)
    : IFeedTarget
{
    public IFeedSink Open(string streamId)
    {
        var publisher = new PartPublisher(store, announcements, time, loggers.CreateLogger<PartPublisher>());
        return new StreamPackager(streamId, options.Value, publisher, time, loggers.CreateLogger<StreamPackager>());
    }
}
