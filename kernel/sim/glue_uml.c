// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: how the model becomes a platform device in User-Mode
 * Linux, without a device tree.
 *
 * The driver finds the device by its name, registers through logic_iomem, its
 * clock through clkdev, and an OPP that is added just before it probes. The
 * module cannot be unloaded: logic_iomem has no way to take a region back.
 */

#include <linux/device/bus.h>
#include <linux/clk-provider.h>
#include <linux/clkdev.h>
#include <linux/err.h>
#include <linux/fwnode.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/irqdesc.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_opp.h>
#include <linux/property.h>
#include <asm/dma.h>

#include "sim.h"

#define WINDOW_ORDER	get_order(SIM_WINDOW_SIZE)
#define CLOCK_HZ	800000000UL

static struct platform_device *sim_pdev;

/* --- Interrupts ----------------------------------------------------------- */

/*
 * UML has a free edge-type line for each number up to 63. A hard hrtimer delivers
 * interrupts: in real hard-IRQ context, and never from inside a register access,
 * where the driver may hold the locks that its handler takes.
 */
static DEFINE_RAW_SPINLOCK(irq_lock);
static unsigned long irq_levels;
static struct hrtimer irq_timer;

/* The lines that are asserted and not held back. */
static unsigned long irq_lines(void)
{
	lockdep_assert_held(&irq_lock);
	return irq_levels & ~(sim_param(hold_mmu_irq) ? BIT(SIM_IRQ_MMU) : 0);
}

static void irq_arm(void)
{
	if (irq_lines() && !hrtimer_is_queued(&irq_timer))
		hrtimer_start(&irq_timer, us_to_ktime(sim_param(irq_delay_us)),
			      HRTIMER_MODE_REL_HARD);
}

static void glue_set_irq(unsigned int line, bool level)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&irq_lock, flags);
	__assign_bit(line, &irq_levels, level);
	irq_arm();
	raw_spin_unlock_irqrestore(&irq_lock, flags);
}

static bool irq_asserted(unsigned int line)
{
	unsigned long flags;
	bool level;

	raw_spin_lock_irqsave(&irq_lock, flags);
	level = irq_lines() & BIT(line);
	raw_spin_unlock_irqrestore(&irq_lock, flags);
	return level;
}

/* Lines are level-triggered: one that is still set after its handler fires again. */
static enum hrtimer_restart irq_fire(struct hrtimer *timer)
{
	unsigned long flags;
	unsigned int line;

	for (line = 0; line < SIM_IRQ_COUNT; line++) {
		if (!irq_asserted(line))
			continue;
		sim_count(SIM_STAT_IRQS_JOB + line);
		generic_handle_irq(sim_par.irq_base + line);
	}

	/* Another CPU may have armed the timer by now: no hrtimer_forward(). */
	raw_spin_lock_irqsave(&irq_lock, flags);
	irq_arm();
	raw_spin_unlock_irqrestore(&irq_lock, flags);
	return HRTIMER_NORESTART;
}

/* --- Memory and registers ------------------------------------------------- */

static void *glue_pa_to_kva(u64 pa)
{
	void *memory = sim_par.cpu_cache ? sim_cache_memory(pa) : NULL;

	if (memory)
		return memory;
	return pfn_valid(PHYS_PFN(pa)) ? phys_to_virt(pa) : NULL;
}

static unsigned long window_read(void *priv, unsigned int offset, int size)
{
	return size == 4 ? sim_mmio_read32(offset) : 0;
}

static void window_write(void *priv, unsigned int offset, int size, unsigned long value)
{
	if (size == 4)
		sim_mmio_write32(offset, value);
}

static const struct logic_iomem_ops window_ops = {
	.read = window_read,
	.write = window_write,
};

static long window_map(unsigned long offset, size_t size,
		       const struct logic_iomem_ops **ops, void **priv)
{
	*ops = &window_ops;
	return offset;
}

static const struct logic_iomem_region_ops region_ops = {
	.map = window_map,
};

static struct resource window = {
	.name = "mali-sim",
	.flags = IORESOURCE_MEM,
};

/*
 * The window has the physical range of a block of real memory, because userland
 * has to map the flush-ID page in it, and UML can map nothing else.
 */
static int window_init(struct sim_glue_ops *ops)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, WINDOW_ORDER);

	if (!pages)
		return -ENOMEM;
	window.start = page_to_phys(pages);
	window.end = window.start + SIM_WINDOW_SIZE - 1;
	ops->flush_id = page_address(pages) + SIM_FLUSH_ID_OFFSET;
	return 0;
}

/* --- CPU caches ----------------------------------------------------------- */

#ifdef CONFIG_UML_TEST_CACHE
static void glue_cache_for_device(phys_addr_t pa, size_t size)
{
	sim_cache_for_device(pa, size);
}

static void glue_cache_for_cpu(phys_addr_t pa, size_t size, bool written)
{
	sim_cache_for_cpu(pa, size, written);
}

static void glue_cache_use(struct page *page, enum um_cache_use use)
{
	static const enum sim_cache_use uses[] = {
		[UM_CACHE_NONE] = SIM_CACHE_NONE,
		[UM_CACHE_CACHED] = SIM_CACHE_CACHED,
		[UM_CACHE_UNCACHED] = SIM_CACHE_UNCACHED,
		[UM_CACHE_UNCACHED_MAP] = SIM_CACHE_UNCACHED_MAP,
	};

	sim_cache_use(page_to_pfn(page), uses[use]);
}

static const struct um_cache_ops cache_ops = {
	.for_device = glue_cache_for_device,
	.for_cpu = glue_cache_for_cpu,
	.use = glue_cache_use,
};

static int cache_init(void)
{
	unsigned long pages;
	void *mem;
	int ret;

	if (!sim_par.cpu_cache)
		return 0;
	mem = um_cache_reserve(2, &pages);
	if (!mem)
		return -ENOMEM;
	ret = sim_cache_init(pages, mem);
	if (!ret)
		um_cache_ops = &cache_ops;
	return ret;
}

/* In User-Mode Linux, devices are coherent by default, and syncs do nothing. */
static void cache_device(struct device *dev)
{
	if (sim_par.cpu_cache)
		dev_clear_dma_coherent(dev);
}
#else
static int cache_init(void)
{
	return 0;
}

static void cache_device(struct device *dev)
{
}
#endif

/* --- The device ----------------------------------------------------------- */

/* Adds one OPP at the fixed clock rate, once: a second bind finds it. */
static int bind_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct dev_pm_opp_data opp = { .freq = CLOCK_HZ };
	static bool done;
	int ret;

	if (action != BUS_NOTIFY_BIND_DRIVER || data != &sim_pdev->dev || done)
		return NOTIFY_DONE;
	ret = dev_pm_opp_add_dynamic(&sim_pdev->dev, &opp);
	if (ret)
		pr_err("mali_sim: no OPP: %d\n", ret);
	done = true;
	return NOTIFY_OK;
}

static struct notifier_block bind_nb = {
	.notifier_call = bind_notify,
};

static enum dev_dma_attr coherent_dma_attr(const struct fwnode_handle *fwnode)
{
	return DEV_DMA_COHERENT;
}

static const struct fwnode_operations coherent_ops = {
	.device_get_dma_attr = coherent_dma_attr,
};

static struct fwnode_handle coherent_fwnode;

static int clock_init(void)
{
	struct clk *clk = clk_register_fixed_rate(NULL, "mali-sim", NULL, 0, CLOCK_HZ);

	if (IS_ERR(clk))
		return PTR_ERR(clk);
	/* Without a connection name it also answers for the optional clocks. */
	return clk_register_clkdev(clk, NULL, "panthor");
}

static int device_init(void)
{
	const struct resource res[] = {
		DEFINE_RES_MEM(window.start, SIM_WINDOW_SIZE),
		DEFINE_RES_IRQ_NAMED(sim_par.irq_base + SIM_IRQ_JOB, "job"),
		DEFINE_RES_IRQ_NAMED(sim_par.irq_base + SIM_IRQ_MMU, "mmu"),
		DEFINE_RES_IRQ_NAMED(sim_par.irq_base + SIM_IRQ_GPU, "gpu"),
	};
	int ret;

	sim_pdev = platform_device_alloc("panthor", PLATFORM_DEVID_NONE);
	if (!sim_pdev)
		return -ENOMEM;
	if (sim_par.coherent) {
		fwnode_init(&coherent_fwnode, &coherent_ops);
		device_set_node(&sim_pdev->dev, &coherent_fwnode);
	}
	cache_device(&sim_pdev->dev);
	ret = platform_device_add_resources(sim_pdev, res, ARRAY_SIZE(res));
	if (!ret)
		ret = bus_register_notifier(&platform_bus_type, &bind_nb);
	if (!ret)
		ret = platform_device_add(sim_pdev);
	return ret;
}

static int __init mali_sim_init(void)
{
	static struct sim_glue_ops ops = {
		.set_irq = glue_set_irq,
		.pa_to_kva = glue_pa_to_kva,
	};
	int ret;

	ret = sim_params_check();
	if (ret)
		return ret;
	hrtimer_setup(&irq_timer, irq_fire, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	ret = window_init(&ops);
	if (!ret)
		ret = cache_init();
	if (!ret)
		ret = sim_init(&ops);
	/* From here on there is no way back, see the top of this file. */
	if (!ret)
		ret = logic_iomem_add_region(&window, &region_ops);
	if (!ret)
		ret = clock_init();
	if (!ret)
		ret = device_init();
	if (!ret)
		return 0;
	pr_err("mali_sim: cannot set up the device: %d\n", ret);
	__module_get(THIS_MODULE);
	return 0;
}
module_init(mali_sim_init);

MODULE_DESCRIPTION("Simulated Arm Mali CSF GPU for tests of the panthor driver");
MODULE_LICENSE("Dual MIT/GPL");
