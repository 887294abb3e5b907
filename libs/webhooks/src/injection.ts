/** The DeliveryContext of this process. */
export const DELIVERY_CONTEXT = Symbol('DELIVERY_CONTEXT');
